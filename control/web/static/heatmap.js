// The heat map: a table of the grid by two knobs, each cell coloured by what became of its points.

import {byId, element, keep, reachable, rove, setText} from "./dom.js";
import {counted, share, top1} from "./format.js";
import {isFailed, isRunning, progress, valueOf} from "./store.js";

const AT_MOST = 60;
const ALL = "";
const AXES = ["depth", "width", "resolution", "epochs"];
const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

export function makeHeatmap(store, filtered) {
  const table = byId("heat");
  const note = byId("heat-note");
  const idle = note.textContent;
  const [rows, columns, colour] = ["heat-rows", "heat-columns", "heat-colour"].map(byId);

  function draw() {
    drawChoices();
    const [across, down] = [values(columns.value), values(rows.value)];
    const cells = groups();
    const shade = shades[colour.value]([...cells.values()]);
    if (!table.tHead) table.append(element("thead", {}, element("tr")), element("tbody"));
    keep(table.tHead.rows[0], [CORNER, ...across], (value) => (value === CORNER ? value : `${columns.value}=${value}`), makeHead, (head, value) => {
      setText(head, value === CORNER ? corner() : columns.value === ALL ? "all points" : value);
    });
    keep(table.tBodies[0], down, (value) => `${rows.value}=${value}`, makeRow, (row, value) => {
      setText(row.cells[0], rows.value === ALL ? "all points" : value);
      keep(row, [HEAD, ...across], (each) => each, (each) => (each === HEAD ? row.cells[0] : makeCell()), (cell, each) => {
        if (each !== HEAD) updateCell(cell, value, each, cells.get(keyOf(value, each)) ?? [], shade);
      });
    });
    table.style.setProperty("--rows", down.length);
    reachable(table, "button:not(:disabled)");
  }

  function drawChoices() {
    if (!rows.options.length) {
      const [first, second] = chosenAxes();
      for (const select of [rows, columns]) {
        select.append(...store.knobs.map((name) => element("option", {value: name}, name)), element("option", {value: ALL}, "(none)"));
      }
      [rows.value, columns.value] = [first, second];
    }
  }

  /** Axes before settings, settings by their number of values, seeds last. */
  function chosenAxes() {
    const place = (name) => (name === "seed" ? 2 : AXES.includes(name) ? AXES.indexOf(name) / AXES.length : 1);
    const number = (name) => store.values(name).length;
    const sorted = store.knobs.toSorted((one, other) => place(one) - place(other) || number(other) - number(one));
    return [...sorted, ALL, ALL].slice(0, 2);
  }

  const values = (name) => (name === ALL ? [ALL] : store.values(name).slice(0, AT_MOST));
  const keyOf = (down, across) => JSON.stringify([down, across]);
  const corner = () => [rows.value, columns.value].map((name, place) => name && `${name} ${"↓→"[place]}`).join(" ");

  function groups() {
    const cells = new Map();
    for (const point of store.shown(rows.value, columns.value)) {
      const key = keyOf(...[rows.value, columns.value].map((name) => (name === ALL ? ALL : valueOf(point, name))));
      if (cells.has(key)) cells.get(key).push(point);
      else cells.set(key, [point]);
    }
    return cells;
  }

  const makeHead = () => element("th", {scope: "col"});
  const makeRow = () => element("tr", {}, element("th", {scope: "row"}));

  function makeCell() {
    const button = element("button", {type: "button", tabIndex: -1}, element("b"), element("span"));
    button.addEventListener("click", () => choose(button.dataset));
    for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => setText(note, button.ariaLabel));
    return element("td", {}, button);
  }

  function updateCell(cell, down, across, points, shade) {
    const button = cell.firstChild;
    const {text, tint} = points.length ? shade(points) : {text: "", tint: 0};
    Object.assign(button.dataset, {down, across, hue: colour.value});
    button.disabled = !points.length;
    button.ariaLabel = sentence(down, across, points);
    button.ariaPressed = String(isChosen(rows.value, down) && isChosen(columns.value, across));
    cell.classList.toggle("out", !isWanted(rows.value, down) || !isWanted(columns.value, across));
    button.style.setProperty("--tint", tint.toFixed(3));
    setText(button.firstChild, text);
    const [running, failed] = [points.filter(isRunning).length, points.filter(isFailed).length];
    setText(button.lastChild, [running ? `▸${running}` : "", failed && colour.value !== "failures" ? `✕${failed}` : ""].join(" ").trim());
  }

  function sentence(down, across, points) {
    const where = [[rows.value, down], [columns.value, across]].filter(([name]) => name !== ALL).map((pair) => pair.join(" ")).join(", ");
    if (!points.length) return `${where}: no points`;
    const best = bestOf(points);
    const parts = ["completed", "running", "failed"].map((word) => [points.filter(COUNTED[word]).length, word]);
    const counts = parts.filter(([number]) => number).map(([number, word]) => `${number} ${word}`);
    const told = [`${where || "all"}: ${counted(points.length, "point")}`, ...counts, `${share(mean(points.map(progress)))} of the epochs`];
    return told.join(", ") + (best == null ? "." : `, best top-1 ${top1(best)} %.`);
  }

  const isWanted = (name, value) => store.wanted.get(name)?.has(value) ?? true;
  const isChosen = (name, value) => name === ALL || (store.wanted.get(name)?.size === 1 && store.wanted.get(name).has(value));

  function choose({down, across}) {
    const isOn = isChosen(rows.value, down) && isChosen(columns.value, across);
    for (const [name, value] of [[rows.value, down], [columns.value, across]]) if (name !== ALL) store.want(name, isOn ? [] : [value]);
    filtered();
  }

  for (const select of [rows, columns, colour]) select.addEventListener("change", draw);
  table.addEventListener("pointerleave", () => setText(note, idle));
  rove(table, "button:not(:disabled)", (key, at, all) => {
    const width = table.tBodies[0].rows[0].cells.length - 1;
    const step = {ArrowRight: 1, ArrowLeft: -1}[key];
    if (step) return at + step;
    if (key !== "ArrowDown" && key !== "ArrowUp") return undefined;
    const everything = [...table.querySelectorAll("button")];
    const turn = key === "ArrowDown" ? width : -width;
    let to = everything.indexOf(all[at]) + turn;
    while (everything[to]?.disabled) to += turn;
    return everything[to] ? all.indexOf(everything[to]) : undefined;
  });
  return {draw};
}

const CORNER = Symbol("corner");
const HEAD = Symbol("head");
const COUNTED = {completed: (point) => point.state === "completed", running: isRunning, failed: isFailed};

function bestOf(points) {
  const known = points.map((point) => point.top1).filter((each) => each != null);
  return known.length ? Math.max(...known) : null;
}

/** By colour: a function of a cell's points to its text and tint, from all cells. */
const shades = {
  progress: () => (points) => {
    const done = mean(points.map(progress));
    return {text: share(done), tint: done};
  },
  top1: (cells) => {
    const best = cells.map(bestOf).filter((each) => each != null);
    const [low, high] = [Math.min(...best), Math.max(...best)];
    return (points) => {
      const each = bestOf(points);
      return {text: top1(each), tint: each == null ? 0 : high > low ? 0.1 + 0.9 * (each - low) / (high - low) : 1};
    };
  },
  failures: () => (points) => {
    const failed = points.filter(isFailed).length;
    return {text: String(failed), tint: failed / points.length};
  },
};
