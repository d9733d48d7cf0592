// The page: its parts, updated together whenever the study or the filters change.

import {onTheme, plotly} from "./charts.js";
import {makeCurves} from "./curves.js";
import {makeDetail} from "./detail.js";
import {follow} from "./events.js";
import {makeFailures} from "./failures.js";
import {makeFilters} from "./filters.js";
import {typed} from "./format.js";
import {makeFrontier} from "./frontier.js";
import {makeHeadline} from "./headline.js";
import {makeHeatmap} from "./heatmap.js";
import {makeRules} from "./rules.js";
import {Store} from "./store.js";
import {makeTable} from "./table.js";

const store = new Store();
/** The name of a point: its values of the knobs that vary. */
const nameOf = (point) =>
  store.knobs.map((name) => `${name} ${typed(point.knobs[name])}`).join(", ") || point.id;
const open = (id, among) => detail.open(id, among);

const headline = makeHeadline(store);
const filters = makeFilters(store, changed);
const curves = makeCurves(store, nameOf, open);
const detail = makeDetail(store, nameOf);
const texts = [
  headline,
  filters,
  makeHeatmap(store, filters.keepInAddress),
  makeFailures(store, filters.keepInAddress, nameOf),
  makeRules(store),
  makeTable(store, curves, nameOf, open),
  detail,
];
const charts = [makeFrontier(store, open), curves];

let isComing = false;

/** Draw the texts before the next frame and the charts after it, once for any number of changes. */
function changed() {
  if (isComing || !store.status) return;
  isComing = true;
  requestAnimationFrame(() => {
    isComing = false;
    for (const part of texts) part.draw();
    for (const later of [plotly, ...charts.map((chart) => chart.draw)]) setTimeout(later);
  });
}

const taking = (take) => (data) => {
  take(data);
  changed();
};

onTheme(changed);
follow(
  {
    all: taking((data) => store.takeAll(data)),
    change: taking((data) => store.takeChange(data)),
    learned: taking((data) => store.takeLearned(data)),
    curves: taking((data) => curves.take(data)),
    problem: headline.takeProblem,
  },
  headline.connection,
);
