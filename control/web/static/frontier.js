// The frontier so far: the error against FLOPs, each completed model with its standing.

import {byId, element, keep, reachable, rove, say, setText} from "./dom.js";
import {colour, draw as drawChart, logTicks as ticks, onTheme, plain} from "./charts.js";
import {count, counted, NONE, percent} from "./format.js";

const WORSE = {
  names: ["dominated", "dominated_noise_unknown"],
  label: "worse",
  colour: "--grey",
  symbol: "circle",
  size: 6,
};
const NEAR = {
  names: ["within_noise"],
  label: "within noise of it",
  colour: "--blue",
  symbol: "diamond-open",
  size: 9,
};
const LINE = {
  names: ["frontier"],
  label: "on the frontier",
  colour: "--vermilion",
  symbol: "circle",
  size: 9,
};
/** In the order in which they are drawn. */
const STANDINGS = [WORSE, NEAR, LINE];
/** Most models drawn of each standing, except those on the frontier. */
const DRAWN_AT_MOST = 250;
/** Smallest error drawn, in percent: a logarithmic axis has no 0. */
const LEAST = 0.01;

const error = (each) => Math.max(LEAST, 100 - each.accuracy);

export function makeFrontier(store, open) {
  let drawn;

  function draw() {
    const all = store.learned?.frontier ?? [];
    if (drawn?.all === all && drawn.asked === store.asked) return;
    const members = all.filter((each) => store.wants(each.ids));
    say(byId("frontier-empty"), members.length ? "" : missing());
    byId("frontier-chart").hidden = byId("frontier-details").hidden = !members.length;
    if (!members.length) return;
    drawn = {all, asked: store.asked};
    const groups = STANDINGS.map(({names}) => members.filter((each) => names.includes(each.standing)));
    const [worse, near, line] = groups;
    const sets = [...new Set(line.map((each) => each.data))];
    drawKeys(groups);
    drawTable(line);
    const traces = [
      trace(WORSE, thinned(worse)),
      ...sets.map((data) => stairs(line.filter((each) => each.data === data))),
      trace(NEAR, thinned(near)),
      trace(LINE, line),
    ];
    drawChart(byId("frontier-chart"), traces, {
      x: {
        title: "FLOPs of one image",
        type: "log",
        tickformat: "~s",
        dtick: ticks(members.map((each) => each.flops)),
      },
      y: {title: `${store.error}, %`, type: "log", tickformat: "~g", dtick: ticks(members.map(error))},
      clicked: (ids) => ids && open(ids[0], ids),
    });
  }

  function missing() {
    const {frontier = [], missing: why} = store.learned ?? {};
    if (frontier.length) return "No completed model passes the filters.";
    return store.status.counts.completed
      ? (why ?? "Working out the frontier …")
      : "The frontier begins with the first completed point.";
  }

  function trace(standing, mine) {
    const hue = colour(standing.colour);
    const whiskers = standing !== WORSE && mine.some((each) => each.low != null);
    return {
      type: "scatter",
      mode: "markers",
      x: mine.map((each) => each.flops),
      y: mine.map(error),
      text: mine.map((each) => plain(told(each, standing.label)).replaceAll("\n", "<br>")),
      hoverinfo: "text",
      customdata: mine.map((each) => each.ids),
      marker: {
        color: hue,
        symbol: standing.symbol,
        size: standing.size,
        opacity: standing === WORSE ? 0.55 : 1,
        line: {width: 1.5, color: hue},
      },
      error_y: {
        visible: whiskers,
        type: "data",
        symmetric: false,
        thickness: 1,
        width: 0,
        color: hue,
        array: mine.map((each) => each.accuracy - (each.low ?? each.accuracy)),
        arrayminus: mine.map((each) => Math.min((each.high ?? each.accuracy) - each.accuracy, error(each) - LEAST)),
      },
    };
  }

  function drawKeys(groups) {
    const found = STANDINGS.map((standing, place) => ({...standing, number: groups[place].length}));
    keep(
      byId("frontier-keys"),
      found.toReversed().filter((each) => each.number),
      (each) => each.label,
      ({names: [name]}) =>
        element("span", {}, element("i", {className: `key ${name}`}), element("b"), element("span")),
      (key, {number, label}) => {
        setText(key.querySelector("b"), number.toLocaleString("en"));
        setText(
          key.lastChild,
          ` ${label}${number > DRAWN_AT_MOST && label !== LINE.label ? ", some of them drawn" : ""}`,
        );
      },
    );
  }

  function drawTable(line) {
    const table = byId("frontier-table");
    if (!table.tHead) {
      const heads = ["model", `${store.accuracy} %`, "95 % interval", "FLOPs", "seeds"].map((text) =>
        element("th", {scope: "col"}, text),
      );
      table.append(element("thead", {}, element("tr", {}, ...heads)), element("tbody"));
    }
    keep(
      table.tBodies[0],
      line,
      (each) => each.ids[0],
      makeRow,
      (row, each) => {
        row.firstChild.firstChild.onclick = () => open(each.ids[0], each.ids);
        [each.name, percent(each.accuracy), interval(each), count(each.flops), String(each.num_seeds)].forEach(
          (text, place) => setText(place ? row.cells[place] : row.cells[0].firstChild, text),
        );
      },
    );
    reachable(table, "button");
  }

  const makeRow = () =>
    element(
      "tr",
      {},
      element("td", {}, element("button", {type: "button", className: "link", tabIndex: -1})),
      ...Array.from({length: 4}, () => element("td", {className: "number"})),
    );

  rove(byId("frontier-table"), "button", (key, at) =>
    key === "ArrowDown" ? at + 1 : key === "ArrowUp" ? at - 1 : undefined,
  );
  onTheme(() => {
    drawn = null;
  });
  return {draw};
}

const interval = (each) => (each.low == null ? NONE : `${percent(each.low)} to ${percent(each.high)}`);

const told = (each, label) =>
  [
    each.name,
    `${percent(each.accuracy)} %${each.low == null ? "" : ` (${interval(each)})`}, ${count(each.flops)} FLOPs`,
    `${counted(each.num_seeds, "seed")}, ${label}`,
  ].join("\n");

function stairs(line) {
  const sorted = line.toSorted((one, other) => one.flops - other.flops);
  return {
    type: "scatter",
    mode: "lines",
    x: sorted.map((each) => each.flops),
    y: sorted.map(error),
    line: {shape: "hv", color: colour("--vermilion"), width: 1.5},
    hoverinfo: "skip",
  };
}

/** At most DRAWN_AT_MOST of the members, evenly spaced: a cloud of thousands shows no more, and is slow to draw. */
function thinned(members) {
  const step = Math.ceil(members.length / DRAWN_AT_MOST);
  return members.filter((_, place) => place % step === 0);
}
