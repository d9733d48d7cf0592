// The table of points: sorted by any column, a hundred rows a page, however many points there are.

import {byId, element, keep, reachable, rove, setText} from "./dom.js";
import {count, duration, share, percent, typed} from "./format.js";
import {isRunning, progress, STATES} from "./store.js";

const ROWS = 100;
const MARKS = {completed: "●", running: "▸", silent: "◌", queued: "○", pending: "·", failed: "✕", gone: "✕"};

/** A column: its name, its sort key, and the text of its cells. */
const PROGRESS = {
  name: "progress",
  value: progress,
  text: (point) => `${point.epoch}/${point.epochs}`,
  isNumber: true,
};
const columnsOf = (accuracy) => [
  PROGRESS,
  {
    name: `${accuracy} %`,
    value: (point) => point.accuracy ?? point.latest,
    text: (point) =>
      point.accuracy == null && point.latest != null ? `… ${percent(point.latest)}` : percent(point.accuracy),
    isNumber: true,
  },
  {name: "FLOPs", value: (point) => point.flops, text: (point) => count(point.flops), isNumber: true},
  {
    name: "left",
    value: (point) => point.eta_s,
    text: (point) => (point.eta_s == null ? "" : duration(point.eta_s)),
    isNumber: true,
  },
  {name: "where", value: (point) => point.where || null, text: (point) => point.where},
  {name: "message", value: (point) => point.message, text: (point) => point.message ?? ""},
];
const TICK = {name: "tick"};
const STATE = {name: "state", value: (point) => STATES.indexOf(point.state), text: (point) => point.state};

const knobColumn = (name) => ({
  name,
  value: (point) => point.knobs[name],
  text: (point) => typed(point.knobs[name]),
  isNumber: true,
});

export function makeTable(store, curves, nameOf, open) {
  const table = byId("points");
  const [head, body] = [table.tHead.rows[0], table.tBodies[0]];
  let columns = [];
  let sort = {name: "state", down: false};
  let page = 0;
  let asked = -1;
  let ids = [];

  function draw() {
    if (asked !== store.asked) [page, asked] = [0, store.asked];
    const isSilent = ![...store.points.values()].some((point) => point.message);
    columns = [
      STATE,
      ...store.knobs.map(knobColumn),
      ...columnsOf(store.accuracy).filter(({name}) => name !== "message" || !isSilent),
    ];
    drawHead();
    const points = sorted(store.shown());
    ids = points.map((point) => point.id);
    const last = Math.max(0, Math.ceil(points.length / ROWS) - 1);
    page = Math.min(page, last);
    keep(body, points.slice(page * ROWS, (page + 1) * ROWS), (point) => point.id, makeRow, updateRow);
    reachable(body, "button");
    byId("pager").hidden = last === 0;
    setText(byId("page-of"), `page ${page + 1} of ${last + 1}`);
    [byId("page-back").disabled, byId("page-on").disabled] = [page === 0, page === last];
  }

  function drawHead() {
    keep(
      head,
      [TICK, ...columns],
      (column) => column.name,
      makeHead,
      (cell, column) => {
        if (column === TICK) return;
        const isSorted = column.name === sort.name;
        cell.ariaSort = isSorted ? (sort.down ? "descending" : "ascending") : "none";
        setText(cell.firstChild.lastChild, isSorted ? (sort.down ? "▾" : "▴") : "");
      },
    );
  }

  function makeHead(column) {
    if (column === TICK) return element("td");
    const {name, isNumber} = column;
    const button = element(
      "button",
      {type: "button"},
      element("span", {}, name),
      element("i", {ariaHidden: "true"}),
    );
    button.addEventListener("click", () => {
      sort = {name, down: sort.name === name && !sort.down};
      page = 0;
      draw();
    });
    return element("th", {scope: "col", className: isNumber ? "number" : ""}, button);
  }

  /** Sort the points; those without a value come last in either direction. */
  function sorted(points) {
    const {value} = columns.find((column) => column.name === sort.name) ?? STATE;
    const turn = sort.down ? -1 : 1;
    const keyed = points.map((point) => [value(point), point]);
    keyed.sort(([one], [other]) =>
      one == null || other == null ? (one == null) - (other == null) : turn * compare(one, other),
    );
    return keyed.map(([, point]) => point);
  }

  function makeRow({id}) {
    const button = element(
      "button",
      {type: "button", className: "link", tabIndex: -1},
      element("i", {ariaHidden: "true"}),
      element("span"),
    );
    const tick = element("input", {type: "checkbox", tabIndex: -1, onchange: () => choose(id)});
    const row = element(
      "tr",
      {},
      element("td", {className: "tick"}, element("label", {}, tick)),
      element("td", {}, button),
    );
    row.dataset.id = id;
    row.addEventListener("click", (event) => event.target.closest(".tick") || open(id, ids));
    return row;
  }

  function choose(id) {
    curves.choose(id, !curves.isChosen(id));
    draw();
  }

  function updateRow(row, point) {
    const {state} = point;
    const tick = row.cells[0].querySelector("input");
    tick.checked = curves.isChosen(point.id);
    tick.ariaLabel ??= `Draw the curve of ${nameOf(point)}`;
    const [mark, word] = row.cells[1].firstChild.children;
    if (mark.className !== state) mark.className = state;
    setText(mark, MARKS[state]);
    setText(word, state === "failed" ? (point.failure ?? state) : state);
    columns.slice(1).forEach((column, place) => {
      const cell = row.cells[place + 2] ?? row.appendChild(element("td"));
      cell.className = column.isNumber ? "number" : column.name;
      if (column.name === "progress") bar(cell, point);
      else setText(cell, column.text(point));
    });
    while (row.cells.length > columns.length + 1) row.lastChild.remove();
  }

  function bar(cell, point) {
    if (!cell.firstElementChild) cell.replaceChildren(element("meter", {max: 1}), element("span"));
    cell.firstChild.value = progress(point);
    cell.firstChild.className = isRunning(point) ? "running" : "";
    cell.firstChild.ariaLabel = share(progress(point));
    setText(cell.lastChild, PROGRESS.text(point));
  }

  function turn(step) {
    page += step;
    draw();
  }

  byId("page-back").addEventListener("click", () => turn(-1));
  byId("page-on").addEventListener("click", () => turn(1));
  rove(
    body,
    "button",
    (key, at, all) =>
      ({
        ArrowDown: at + 1,
        ArrowUp: at - 1,
        Home: 0,
        End: all.length - 1,
        PageDown: Math.min(at + 20, all.length - 1),
        PageUp: Math.max(at - 20, 0),
      })[key],
  );
  body.addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches("button")) return;
    event.preventDefault();
    choose(event.target.closest("tr").dataset.id);
  });
  return {draw};
}

const compare = (one, other) =>
  typeof one === "string" || typeof other === "string"
    ? String(one).localeCompare(String(other), "en", {numeric: true})
    : one - other;
