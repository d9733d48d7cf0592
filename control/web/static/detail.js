// The detail of a point: a dialog with its values, curve and log, updated while it is open.

import {byId, element, keep, say, setText} from "./dom.js";
import {drawPair, fetchCurves} from "./curves.js";
import {count, duration, NONE, share, percent, typed} from "./format.js";
import {command, logsCommand, readLog, retryCommand} from "./log.js";
import {isFailed, progress} from "./store.js";

export function makeDetail(store, nameOf) {
  const dialog = byId("detail");
  const places = [byId("detail-accuracy"), byId("detail-loss")];
  let ids = [];
  let at = 0;
  let drawn = "";

  /** Open a point; the arrows lead through `ids`. */
  function open(id, among) {
    [ids, at] = [among, Math.max(0, among.indexOf(id))];
    drawn = "";
    setText(byId("detail-log"), "");
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    draw();
  }

  function draw() {
    const point = store.points.get(ids[at]);
    if (!dialog.open || !point) return;
    setText(byId("detail-title"), nameOf(point));
    setText(
      byId("detail-of"),
      ids.length > 1 ? `${(at + 1).toLocaleString("en")} of ${ids.length.toLocaleString("en")}` : "",
    );
    for (const [name, disabled] of [
      ["detail-back", at === 0],
      ["detail-on", at === ids.length - 1],
    ]) {
      Object.assign(byId(name), {disabled, hidden: ids.length < 2});
    }
    say(byId("detail-message"), point.message);
    keep(
      byId("detail-values"),
      values(point),
      ([name]) => name,
      ([name]) => element("div", {}, element("dt", {}, name), element("dd")),
      (row, [, text]) => setText(row.lastChild, text),
    );
    const state = `${point.id} ${point.state} ${point.epoch}`;
    if (drawn === state) return;
    drawn = state;
    drawCommands(point);
    drawCurve(point);
    readLog(byId("detail-log"), point.id);
  }

  function values(point) {
    const knobs = store.knobs.map((name) => [name, typed(point.knobs[name])]);
    return [
      ["state", [point.state, point.failure].filter(Boolean).join(": ")],
      ...knobs,
      ["epochs done", `${point.epoch} of ${point.epochs} (${share(progress(point))})`],
      [
        store.accuracy,
        point.accuracy != null
          ? `${percent(point.accuracy)} %`
          : point.latest != null
            ? `${percent(point.latest)} % so far`
            : NONE,
      ],
      ["left", duration(point.eta_s)],
      ["trained for", duration(point.seconds)],
      ["predicted", point.hours == null ? NONE : duration(3600 * point.hours)],
      ["FLOPs of one image", count(point.flops)],
      ["training FLOPs", count(point.train_flops)],
      ["where", point.where || NONE],
      ["id", point.id],
    ];
  }

  function drawCommands(point) {
    const lines = [logsCommand(store, point.id), ...(isFailed(point) ? [retryCommand(store, point.id)] : [])];
    byId("detail-commands").replaceChildren(...lines.map(command));
  }

  async function drawCurve(point) {
    const curve = (await fetchCurves([point.id]))?.get(point.id);
    if (ids[at] !== point.id || !dialog.open) return;
    byId("detail-curves").hidden = !curve?.epoch.length;
    if (curve?.epoch.length)
      drawPair(store.accuracy, places, [{id: point.id, name: nameOf(point), epochs: point.epochs, ...curve, isChosen: true}]);
  }

  function turn(step) {
    if (ids[at + step]) open(ids[at + step], ids);
  }

  byId("detail-back").addEventListener("click", () => turn(-1));
  byId("detail-on").addEventListener("click", () => turn(1));
  byId("detail-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("pre, button:not(#detail-close, #detail-back, #detail-on)")) return;
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (step) turn(step);
  });
  return {draw, open};
}
