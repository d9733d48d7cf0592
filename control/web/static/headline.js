// The headline: the progress of the study, its cost so far, and whether this page is connected.

import {byId, say, setText} from "./dom.js";
import {count, counted, duration, hours, NONE, share} from "./format.js";

const ORDER = ["completed", "running", "failed", "pending"];
const CONNECTION = {live: "live", lost: "lost, trying again", ended: "ended"};
const LOST =
  "The connection is lost, so this page may be out of date. It reconnects every few seconds; " +
  "if the command has ended, start it again.";

export function makeHeadline(store) {
  const bars = [...byId("counts-bar").children];
  const numbers = [...byId("counts").querySelectorAll("b")];
  const facts = [...byId("facts").querySelectorAll("dd")];
  /** Seconds by which the server's clock is ahead of the browser's. */
  const ahead = Number(document.body.dataset.now) - performance.timeOrigin / 1000;
  let isHeard = true;
  let problem = null;

  function draw() {
    const status = store.status;
    drawCounts(status.counts, status.num_points);
    fact(0, share(status.share));
    fact(1, status.eta_s != null ? `about ${duration(status.eta_s, 2)}` : status.ended ? "ended" : NONE);
    fact(
      2,
      hours(status.training_hours),
      status.predicted_hours == null ? "" : `of ${hours(status.predicted_hours)} predicted`,
    );
    fact(3, count(status.train_flops_done), `of ${count(status.train_flops_total)}`);
    drawComplaint();
    drawConnection();
    tick();
  }

  /** Show what is wrong; the study may not have been read yet. */
  function drawComplaint() {
    const {replayed, scheduler, num_silent: number, damaged = []} = store.status ?? {};
    const untrained = replayed ? `Replayed from ${replayed}: nothing here was trained.` : "";
    const silent = number ? `No heartbeat from ${counted(number, "running point")} for a minute.` : "";
    say(byId("complaint"), [problem, untrained, scheduler, silent, ...damaged].filter(Boolean).join(" "));
  }

  function fact(place, text, more = "") {
    setText(facts[place].firstChild, text);
    setText(facts[place].lastChild, more);
  }

  function drawCounts(counts, total) {
    byId("counts-bar").setAttribute("viewBox", `0 0 ${Math.max(1, total)} 1`);
    let x = 0;
    ORDER.forEach((word, place) => {
      bars[place].setAttribute("x", x);
      bars[place].setAttribute("width", counts[word]);
      setText(numbers[place], counts[word].toLocaleString("en"));
      x += counts[word];
    });
    setText(byId("path"), [store.study.data, store.study.path].filter(Boolean).join(" · "));
    document.title = `${share(store.status.share)} ${store.study.name}`;
  }

  /** Update what changes with time. */
  function tick() {
    const status = store.status;
    if (!status) return;
    const since = Date.now() / 1000 + ahead - status.last_result;
    const lately = status.completed_last_hour;
    fact(
      4,
      status.last_result == null ? NONE : `${duration(Math.max(0, since), 2)} ago`,
      lately ? `${lately.toLocaleString("en")} in the last hour` : "",
    );
  }

  function drawConnection() {
    const state = !isHeard ? "lost" : store.status?.ended ? "ended" : "live";
    byId("connection").dataset.state = state;
    setText(byId("connection"), CONNECTION[state]);
    say(byId("lost"), isHeard ? "" : LOST);
  }

  /** Take whether the event stream is connected. */
  function connection(is) {
    isHeard = is;
    drawConnection();
  }

  /** Take why the study cannot be read, or null when it can. */
  function takeProblem({text}) {
    problem = text;
    drawComplaint();
  }

  setInterval(tick, 1000);
  return {draw, connection, takeProblem};
}
