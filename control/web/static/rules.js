// The rules so far: sentences, those that the data do not decide marked as such, and what to beware of.

import {byId, element, keep, say, setText} from "./dom.js";
import {counted} from "./format.js";

const HEADINGS = {
  frontier: "The frontier",
  pairs: "Depth or width",
  resolution: "Resolution",
  returns: "Single steps",
  law: "The law",
  noise: "Noise",
};

const NOTHING =
  "Nothing yet: no point is completed. Rules set completed points against each other that differ in depth, " +
  "width or resolution.";
/** The topic of a sentence that says why there is no rule. */
const MISSING = "missing";

export function makeRules(store) {
  function draw() {
    const {sentences: told = [], warnings = [], num_completed: number} = store.learned ?? {};
    const sentences = told.filter((each) => each.topic !== MISSING);
    say(byId("rules-empty"), sentences.length ? "" : missing(told));
    setText(byId("rules-note"), sentences.length ? `from ${counted(number, "completed point")}` : "");
    const topics = [...new Set(sentences.map((each) => each.topic))];
    keep(
      byId("rules"),
      topics,
      (topic) => topic,
      makeTopic,
      (node, topic) => {
        const mine = sentences.filter((each) => each.topic === topic);
        keep(
          node.lastChild,
          mine,
          (each) => each.text,
          makeSentence,
          (item, {undecided}) => item.classList.toggle("undecided", undecided),
        );
      },
    );
    drawWarnings(warnings);
  }

  const makeTopic = (topic) => element("div", {}, element("h3", {}, HEADINGS[topic] ?? topic), element("ul"));

  function makeSentence({text, undecided}) {
    return element(
      "li",
      {},
      ...(undecided ? [element("b", {className: "tag"}, "undecided"), " "] : []),
      text,
    );
  }

  function drawWarnings(warnings) {
    const place = byId("warnings");
    place.hidden = !warnings.length;
    setText(place.firstElementChild, counted(warnings.length, "warning"));
    keep(
      place.lastElementChild,
      warnings,
      (each) => each.code + each.text,
      ({code, text}) => element("li", {}, `${text} `, element("code", {}, code)),
      () => {},
    );
  }

  function missing(told) {
    if (!store.status.counts.completed) return NOTHING;
    return told.length
      ? told.map((each) => each.text).join(" ")
      : "Working out what the completed points say …";
  }

  return {draw};
}
