// Charts: Plotly, loaded after the first paint, drawn in the page's own colours and told texts only.

import {element} from "./dom.js";

/** The colours of Okabe and Ito that stand apart on light and on dark ground. */
export const SERIES = ["--blue", "--vermilion", "--green", "--purple", "--orange", "--sky"];
export const DASHES = ["solid", "dash", "dot", "dashdot"];

const theme = matchMedia("(prefers-color-scheme: dark)");
const finger = matchMedia("(pointer: coarse)");
const CONFIG = {displayModeBar: false, responsive: true, doubleClick: "reset", showTips: false};

let loading;
let drawnFirst = false;

/** Plotly, once it is there. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", {src: document.body.dataset.plotly, async: true, onload: () => resolve(globalThis.Plotly), onerror: reject});
    document.head.append(script);
  });
  return loading;
}

/** The value of a colour of the style sheet. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A text that Plotly shows as it stands, where it would read tags. */
export const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Call `again` when the colours have changed. */
export const onTheme = (again) => theme.addEventListener("change", again);

/** Ticks of a logarithmic axis over so many decades: 1, 2 and 5 where there is room, all digits where there is more. */
const ticksOf = (decades) => (decades > 3 ? 1 : decades > 0.6 ? "D2" : "D1");
export const logTicks = (values) => ticksOf(Math.log10(Math.max(...values) / Math.min(...values)));

function onZoom(place) {
  place.on("plotly_relayout", (change) => {
    if (Object.keys(change).some((name) => name.endsWith("dtick"))) return;
    const logs = ["xaxis", "yaxis"].filter((name) => place.layout[name].type === "log");
    const spans = logs.map((name) => [`${name}.dtick`, ticksOf(Math.abs(place.layout[name].range[1] - place.layout[name].range[0]))]);
    if (spans.some(([name, dtick]) => place.layout[name.slice(0, 5)].dtick !== dtick)) globalThis.Plotly.relayout(place, Object.fromEntries(spans));
  });
}

/** Draw traces into a place; the axes have titles, types and ticks as Plotly has them. */
export async function draw(place, traces, {x, y, clicked}) {
  const {newPlot, react} = await plotly();
  const isNew = !place.data;
  const axis = {
    gridcolor: colour("--grid"), linecolor: colour("--line"), zeroline: false, showline: true, ticks: "outside",
    ticklen: 4, tickcolor: colour("--line"), automargin: true, exponentformat: "SI",
  };
  const titled = ({title, ...more}) => ({...axis, title: {text: title, standoff: 8}, ...more});
  await (isNew ? newPlot : react)(place, traces, {
    xaxis: titled(x), yaxis: titled(y), showlegend: false, hovermode: "closest", uirevision: "kept",
    margin: {l: 44, r: 12, t: 10, b: 40}, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: {family: "system-ui, sans-serif", size: 12, color: colour("--ink")},
    hoverlabel: {bgcolor: colour("--panel"), bordercolor: colour("--line"), font: {color: colour("--ink")}, align: "left"},
    dragmode: finger.matches ? false : "zoom",
  }, CONFIG);
  if (isNew && x.type === "log") onZoom(place);
  if (isNew && clicked) place.on("plotly_click", ({points}) => clicked(points[0].customdata));
  if (!drawnFirst) performance.mark("charts-drawn");
  drawnFirst = true;
}
