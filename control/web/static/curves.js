// Learning curves: accuracy and loss against the epoch, for running points and for those ticked in the table.

import {byId, element, keep, say, setText} from "./dom.js";
import {colour, DASHES, draw as drawChart, onTheme, plain, SERIES} from "./charts.js";
import {isRunning} from "./store.js";

const NAMED_AT_MOST = 12;
const MARKED_AT_MOST = 30;
/** Most curves that the server returns for one request. */
const AT_ONCE = 50;

/** Curves as a map from id to {epoch, accuracy, loss}, from the columns that the server sends. */
const byIdOf = ({ids, epoch, accuracy, loss}) =>
  new Map(ids.map((id, place) => [id, {epoch: epoch[place], accuracy: accuracy[place], loss: loss[place]}]));

/** Fetch the curves of these points; null where that fails. */
export async function fetchCurves(ids) {
  try {
    const answer = await fetch(`curves?ids=${ids.map(encodeURIComponent).join(",")}`);
    return answer.ok ? byIdOf(await answer.json()) : null;
  } catch {
    return null;
  }
}

/** Draw both charts, the accuracy (called `label`) and the loss, for curves as [{id, name, epochs, epoch, accuracy, loss, isChosen}]. */
export function drawPair(label, places, curves, open) {
  const someChosen = curves.some((each) => each.isChosen) && curves.some((each) => !each.isChosen);
  const longest = Math.max(0, ...curves.map((each) => each.epoch.length));
  const traces = (measure) =>
    curves.map((each, place) => ({
      type: "scatter",
      mode: longest > MARKED_AT_MOST ? "lines" : "lines+markers",
      x: each.epoch,
      y: each[measure],
      name: plain(each.name),
      text: each.epoch.map((epoch, at) =>
        plain(`${each.name}: epoch ${epoch}, ${each[measure][at]?.toPrecision(4)}`),
      ),
      hoverinfo: "text",
      customdata: each.epoch.map(() => each.id),
      opacity: someChosen && !each.isChosen ? 0.35 : 1,
      line: {color: colour(hue(place)), dash: dash(place), width: each.isChosen ? 2.5 : 1.5},
      marker: {size: 4},
    }));
  const last = Math.max(...curves.map((each) => each.epochs));
  const x = {title: "epoch", range: [0, 1.02 * last], ...(last <= 12 ? {dtick: 1} : {})};
  const [accuracy, loss] = places;
  drawChart(accuracy, traces("accuracy"), {x, y: {title: `${label}, %`}, clicked: open});
  drawChart(loss, traces("loss"), {x, y: {title: "validation loss"}, clicked: open});
}

const hue = (place) => SERIES[place % SERIES.length];
const dash = (place) => DASHES[Math.floor(place / SERIES.length) % DASHES.length];

export function makeCurves(store, nameOf, open) {
  const places = [byId("curves-accuracy"), byId("curves-loss")];
  let running = new Map();
  let of = 0;
  let isNew = true;
  /** By id of a ticked point: its curve, and its epoch when the curve was fetched. */
  const chosen = new Map();
  let asked = -1;

  function take(columns) {
    running = byIdOf(columns);
    of = columns.of ?? running.size;
    isNew = true;
  }

  /** Draw the curve of a point, or stop drawing it. */
  function choose(id, on) {
    if (on) chosen.set(id, {epoch: -1});
    else chosen.delete(id);
    if (!on) byId("curves").hidden = true; // so that no old curve stays drawn
    isNew = true;
    draw();
  }

  function draw() {
    refresh();
    if (!isNew && asked === store.asked) return;
    [isNew, asked] = [false, store.asked];
    const curves = wanted();
    const begun = curves.filter((each) => each.epoch.length);
    setText(byId("curves-note"), note(curves, begun));
    if (!begun.length && isBetween()) return; // keep the old charts, or everything below would jump
    say(byId("curves-empty"), begun.length ? "" : missing(curves));
    byId("curves").hidden = !begun.length;
    drawLegend(begun);
    const ids = begun.map((each) => each.id);
    if (ids.length) drawPair(store.accuracy, places, begun, (id) => open(id, ids));
  }

  /** Whether the study is between points: those that run now have no curve yet. */
  const isBetween = () => !byId("curves").hidden && !store.status.ended && !store.isFiltered;

  function wanted() {
    const mine = [...chosen]
      .filter(([id, {curve}]) => curve && store.points.has(id))
      .map(([id, {curve}]) => named(id, curve, true));
    const theirs = [...running].filter(([id]) => !chosen.has(id) && isLive(id) && store.wants([id]));
    return [...mine, ...theirs.map(([id, curve]) => named(id, curve, false))];
  }

  function named(id, curve, isChosen) {
    const point = store.points.get(id);
    return {id, ...curve, name: nameOf(point), epochs: point.epochs, isChosen};
  }

  const isLive = (id) => store.points.has(id) && isRunning(store.points.get(id));

  function missing(curves) {
    if (curves.length) return "None of these points has ended its first epoch yet.";
    return "No point runs now. Tick points in the table below to draw their curves.";
  }

  function note(curves, begun) {
    const live = curves.filter((each) => !each.isChosen).length;
    const parts = [
      live ? `${live} of ${Math.max(of, live)} running` : "",
      chosen.size ? `${chosen.size} ticked` : "",
      curves.length && !begun.length ? "no epoch has ended yet" : "",
    ];
    return parts.filter(Boolean).join(", ");
  }

  function drawLegend(curves) {
    const named = curves.slice(0, NAMED_AT_MOST).map((each, place) => ({...each, place}));
    const more = curves.length - named.length;
    const items = more > 0 ? [...named, {id: MORE, name: `and ${more} more`, place: 0}] : named;
    keep(
      byId("curves-legend"),
      items,
      (each) => each.id,
      makeChip,
      (chip, each) => {
        setText(chip.firstChild.lastChild, each.name);
        if (each.id !== MORE)
          chip.querySelector("line").setAttribute("class", `${hue(each.place).slice(2)} ${dash(each.place)}`);
      },
    );
  }

  function makeChip({id}) {
    if (id === MORE) return element("li", {}, element("span", {className: "faint"}, element("span")));
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = swatch.appendChild(document.createElementNS(swatch.namespaceURI, "line"));
    for (const [name, value] of Object.entries({x1: 0, y1: 5, x2: 24, y2: 5})) line.setAttribute(name, value);
    swatch.setAttribute("aria-hidden", "true");
    const button = element(
      "button",
      {type: "button", onclick: () => open(id, [id])},
      swatch,
      element("span"),
    );
    return element("li", {}, button);
  }

  /** Fetch the curves of ticked points that have trained further since. */
  async function refresh() {
    const now = (id) => store.points.get(id)?.epoch;
    const stale = [...chosen]
      .filter(([id, each]) => now(id) !== undefined && each.epoch !== now(id))
      .slice(0, AT_ONCE);
    if (!stale.length) return;
    for (const [id, each] of stale) each.epoch = now(id);
    const found = await fetchCurves(stale.map(([id]) => id));
    for (const [id, each] of stale) {
      if (found) each.curve = found.get(id);
      else each.epoch = -1;
    }
    isNew = found !== null;
    if (isNew) draw();
  }

  onTheme(() => {
    isNew = true;
  });
  return {draw, take, choose, isChosen: (id) => chosen.has(id)};
}

const MORE = Symbol("more");
