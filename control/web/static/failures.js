// Failures: their number by class, an example message, and the traceback of each.

import {byId, element, keep, say, setText} from "./dom.js";
import {command, logsCommand, readLog, retryCommand} from "./log.js";
import {isFailed, valueOf} from "./store.js";

const LISTED_AT_MOST = 10;

export function makeFailures(store, filtered, nameOf) {
  function draw() {
    const classes = new Map();
    for (const point of store.shown()) {
      if (!isFailed(point)) continue;
      const name = valueOf(point, "failure");
      if (classes.has(name)) classes.get(name).push(point);
      else classes.set(name, [point]);
    }
    const sorted = [...classes].sort((one, other) => other[1].length - one[1].length);
    say(
      byId("failures-empty"),
      sorted.length
        ? ""
        : store.status.counts.failed
          ? "No failed point passes the filters."
          : "No point has failed.",
    );
    const isFirst = !byId("failures").children.length;
    keep(byId("failures"), sorted, ([name]) => name, makeClass, updateClass);
    if (isFirst && sorted.length) byId("failures").firstElementChild.open = true;
  }

  function makeClass([name]) {
    const only = element("button", {type: "button"}, "Show only these");
    only.addEventListener("click", () => {
      store.want("failure", [name]);
      filtered();
    });
    const summary = element(
      "summary",
      {},
      element("b", {className: "number"}),
      element("span", {className: "class"}, name),
      element("span", {className: "example"}),
    );
    const more = element("p", {className: "note"});
    return element(
      "details",
      {className: "failure"},
      summary,
      element("div", {className: "row"}, command(retryCommand(store, "--failure", name)), only),
      element("div"),
      more,
    );
  }

  function updateClass(node, [, points]) {
    const [number, , example] = node.firstChild.children;
    setText(number, points.length.toLocaleString("en"));
    setText(example, points[0].message ?? "");
    const listed = points.slice(0, LISTED_AT_MOST);
    keep(
      node.children[2],
      listed,
      (point) => point.id,
      makePoint,
      (each, point) => {
        setText(
          each.querySelector(".example"),
          point.message === points[0].message ? "" : (point.message ?? ""),
        );
      },
    );
    say(
      node.lastChild,
      points.length > listed.length
        ? `The first ${listed.length} of ${points.length}; the table below has all.`
        : "",
    );
  }

  function makePoint(point) {
    const log = element("pre", {tabIndex: 0});
    log.setAttribute("aria-label", `Log of ${nameOf(point)}`);
    const commands = [command(logsCommand(store, point.id)), command(retryCommand(store, point.id))];
    const summary = element(
      "summary",
      {},
      element("span", {className: "class"}, nameOf(point)),
      element("span", {className: "example"}),
    );
    const node = element("details", {}, summary, log, ...commands);
    node.dataset.id = point.id;
    node.addEventListener("toggle", () => node.open && readLog(log, point.id));
    return node;
  }

  return {draw};
}
