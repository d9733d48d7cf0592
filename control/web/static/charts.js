// Charts: Plotly, loaded after the first paint, in the page's own colours, and given text only, never HTML.

import {element} from "./dom.js";

/** The colours of Okabe and Ito that are distinct on light and on dark backgrounds. */
export const SERIES = ["--blue", "--vermilion", "--green", "--purple", "--orange", "--sky"];
export const DASHES = ["solid", "dash", "dot", "dashdot"];

const theme = matchMedia("(prefers-color-scheme: dark)");
const finger = matchMedia("(pointer: coarse)");
const CONFIG = {displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false};

let loading;
let drawnFirst = false;

/** Plotly, once it has loaded. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", {
      src: document.body.dataset.plotly,
      async: true,
      onload: () => resolve(globalThis.Plotly),
      onerror: reject,
    });
    document.head.append(script);
  });
  return loading;
}

/** The value of a colour variable of the style sheet. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Escape a text, in which Plotly would interpret tags. */
export const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Call `again` when the theme, and with it all colours, changes. */
export const onTheme = (again) => theme.addEventListener("change", again);

/** Plotly's `dtick` over so many decades: powers of ten, or also 2 and 5, or all digits where there are few. */
const ticksOf = (decades) => (decades > 3 ? 1 : decades > 0.6 ? "D2" : "D1");

/** `dtick` of a logarithmic axis with these values; around a single value Plotly shows two decades. */
export const logTicks = (values) => ticksOf(Math.log10(Math.max(...values) / Math.min(...values)) || 2);

/** Adapt the ticks of logarithmic axes to the range that is visible. */
function onZoom(place) {
  place.on("plotly_relayout", () => {
    const logs = ["xaxis", "yaxis"]
      .map((name) => [name, place.layout[name]])
      .filter(([, {type}]) => type === "log");
    const wanted = logs.map(([name, {range, dtick}]) => [
      name,
      ticksOf(Math.abs(range[1] - range[0])),
      dtick,
    ]);
    const other = wanted.filter(([, now, before]) => now !== before);
    if (other.length)
      globalThis.Plotly.relayout(
        place,
        Object.fromEntries(other.map(([name, now]) => [`${name}.dtick`, now])),
      );
  });
}

/** Draw traces into a place; title, type and ticks of the axes are Plotly's options. */
export async function draw(place, traces, {x, y, clicked}) {
  const {newPlot, react} = await plotly();
  const isNew = !place.data;
  await (isNew ? newPlot : react)(place, traces, layout(x, y), CONFIG);
  if (isNew && x.type === "log") onZoom(place);
  if (isNew && clicked) place.on("plotly_click", ({points}) => clicked(points[0].customdata));
  if (!drawnFirst) performance.mark("charts-drawn");
  drawnFirst = true;
}

function layout(x, y) {
  const [ink, line, panel] = ["--ink", "--line", "--panel"].map(colour);
  return {
    xaxis: axis(x),
    yaxis: axis(y),
    showlegend: false,
    hovermode: "closest",
    dragmode: finger.matches ? false : "zoom",
    uirevision: "kept",
    margin: {l: 44, r: 12, t: 10, b: 40},
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: {family: "system-ui, sans-serif", size: 12, color: ink},
    hoverlabel: {bgcolor: panel, bordercolor: line, font: {color: ink}, align: "left"},
  };
}

const axis = ({title, ...more}) => ({
  title: {text: title, standoff: 8},
  gridcolor: colour("--grid"),
  linecolor: colour("--line"),
  tickcolor: colour("--line"),
  showline: true,
  zeroline: false,
  ticks: "outside",
  ticklen: 4,
  automargin: true,
  exponentformat: "SI",
  ...more,
});
