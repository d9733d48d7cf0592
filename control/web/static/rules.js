// The rules so far: a summary by topic, then all sentences and warnings.

import {byId, element, keep, say, setText} from "./dom.js";
import {counted} from "./format.js";

const WORKING = "Working out what the completed points say …";

export function makeRules(store) {
  function draw() {
    const {topics = [], missing, warnings = [], num_completed: number} = store.learned ?? {};
    say(byId("rules-empty"), topics.length ? "" : (missing ?? WORKING));
    setText(byId("rules-note"), topics.length ? `from ${counted(number, "completed point")}` : "");
    drawTopics(byId("rules"), topics, "summary");
    drawFold(byId("sentences"), topics.flatMap((each) => each.sentences).length, "sentence");
    drawTopics(byId("sentences").lastElementChild, topics, "sentences");
    drawFold(byId("warnings"), warnings.length, "warning");
    keep(
      byId("warnings").lastElementChild,
      warnings,
      (each) => each.code + each.text,
      ({code, text}) => element("li", {}, `${text} `, element("code", {}, code)),
      () => {},
    );
  }

  function drawTopics(place, topics, field) {
    const told = topics.filter((each) => each[field].length);
    keep(
      place,
      told,
      (each) => each.heading,
      ({heading}) => element("div", {}, element("h3", {}, heading), element("ul", {className: "plain"})),
      (node, each) =>
        keep(
          node.lastChild,
          each[field],
          (text) => text,
          (text) => element("li", {}, text),
          () => {},
        ),
    );
  }

  function drawFold(place, number, noun) {
    place.hidden = !number;
    setText(place.firstElementChild, counted(number, noun));
  }

  return {draw};
}
