// The heat map: a table of the grid by two knobs, each cell coloured by the outcome of its points.

import {marks, sentence, SHADES} from "./cell.js";
import {byId, element, keep, reachable, rove, setText} from "./dom.js";
import {valueOf} from "./store.js";

const AT_MOST = 60;
const ALL = "";
const AXES = ["depth", "width", "resolution", "epochs"];
const CORNER = Symbol("corner");
const HEAD = Symbol("head");

export function makeHeatmap(store, filtered) {
  const table = byId("heat");
  const note = byId("heat-note");
  const idle = note.textContent;
  let told = idle;
  let listed;
  const [rows, columns, colour] = ["heat-rows", "heat-columns", "heat-colour"].map(byId);

  function draw() {
    drawChoices();
    const [across, down] = [values(columns.value), values(rows.value)];
    const cells = groups();
    const shade = SHADES[colour.value]([...cells.values()]);
    if (!table.tHead) table.append(element("thead", {}, element("tr")), element("tbody"));
    keep(
      table.tHead.rows[0],
      [CORNER, ...across],
      (value) => (value === CORNER ? value : `${columns.value}=${value}`),
      makeHead,
      (head, value) => {
        setText(head, value === CORNER ? corner() : columns.value === ALL ? "all points" : value);
      },
    );
    keep(
      table.tBodies[0],
      down,
      (value) => `${rows.value}=${value}`,
      makeRow,
      (row, value) => {
        setText(row.cells[0], rows.value === ALL ? "all points" : value);
        keep(
          row,
          [HEAD, ...across],
          (each) => each,
          (each) => (each === HEAD ? row.cells[0] : makeCell()),
          (cell, each) => {
            if (each !== HEAD) updateCell(cell, value, each, cells.get(keyOf(value, each)) ?? [], shade);
          },
        );
      },
    );
    table.style.setProperty("--rows", down.length);
    const cut = [rows.value, columns.value].filter(
      (name) => name !== ALL && store.values(name).length > AT_MOST,
    );
    told = idle + cut.map((name) => ` Only the first ${AT_MOST} values of ${name} are shown.`).join("");
    if (!table.matches(":hover, :focus-within")) setText(note, told);
    reachable(table, "button:not(:disabled)");
  }

  /** List the knobs to choose from; a choice stays as long as its knob exists. */
  function drawChoices() {
    const names = [...store.knobs, ALL];
    if (names.join() === listed) return;
    const chosen = [rows.value, columns.value];
    if (listed === undefined && store.status.share === 1) colour.value = "accuracy"; // progress shows nothing in a finished study
    const isKept = listed !== undefined && chosen.every((name) => name && names.includes(name));
    listed = names.join();
    for (const select of [rows, columns]) {
      select.replaceChildren(...names.map((name) => element("option", {value: name}, name || "(none)")));
    }
    [rows.value, columns.value] = isKept ? chosen : chosenAxes();
  }

  /** Choose two knobs: axes first, then settings with the most values, the seed last. */
  function chosenAxes() {
    const place = (name) =>
      name === "seed" ? 2 : AXES.includes(name) ? AXES.indexOf(name) / AXES.length : 1;
    const number = (name) => store.values(name).length;
    const sorted = store.knobs.toSorted(
      (one, other) => place(one) - place(other) || number(other) - number(one),
    );
    return [...sorted, ALL, ALL].slice(0, 2);
  }

  const values = (name) => (name === ALL ? [ALL] : store.values(name).slice(0, AT_MOST));
  const keyOf = (down, across) => JSON.stringify([down, across]);
  const corner = () =>
    [rows.value, columns.value].map((name, place) => name && `${name} ${"↓→"[place]}`).join(" ");

  function groups() {
    const cells = new Map();
    for (const point of store.shown(rows.value, columns.value)) {
      const key = keyOf(
        ...[rows.value, columns.value].map((name) => (name === ALL ? ALL : valueOf(point, name))),
      );
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
    for (const event of ["pointerenter", "focus"])
      button.addEventListener(event, () => setText(note, button.ariaLabel));
    return element("td", {}, button);
  }

  function updateCell(cell, down, across, points, shade) {
    const button = cell.firstChild;
    const {text, tint} = points.length ? shade(points) : {text: "", tint: 0};
    Object.assign(button.dataset, {down, across, hue: colour.value});
    button.disabled = !points.length;
    button.ariaLabel = sentence(nameOf(down, across), points);
    button.ariaPressed = String(isChosen(down, across));
    cell.classList.toggle("out", !isWanted(rows.value, down) || !isWanted(columns.value, across));
    button.style.setProperty("--tint", tint.toFixed(3));
    setText(button.firstChild, text);
    setText(button.lastChild, colour.value === "failures" ? "" : marks(points));
  }

  /** `depth 8, width 0.5` */
  function nameOf(down, across) {
    const named = axes(down, across).map(([name, value]) => `${name} ${value}`);
    return named.join(", ") || "all points";
  }

  /** The knobs of a cell with their values. */
  const axes = (down, across) =>
    [
      [rows.value, down],
      [columns.value, across],
    ].filter(([name]) => name !== ALL);

  const isWanted = (name, value) => store.wanted.get(name)?.has(value) ?? true;

  /** Whether the filters select exactly this cell. */
  function isChosen(down, across) {
    const mine = axes(down, across);
    const isOnly = ([name, value]) => store.wanted.get(name)?.size === 1 && store.wanted.get(name).has(value);
    return mine.length > 0 && mine.every(isOnly);
  }

  function choose({down, across}) {
    const isOn = isChosen(down, across);
    for (const [name, value] of axes(down, across)) store.want(name, isOn ? [] : [value]);
    filtered();
  }

  for (const select of [rows, columns, colour]) select.addEventListener("change", draw);
  table.addEventListener("pointerleave", () => setText(note, told));
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
