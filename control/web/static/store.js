// The store: the points of the study, and the filters on them.

import {ACCURACY, ERROR, typed} from "./format.js";

/** States in the order in which they are listed. */
export const STATES = ["running", "silent", "gone", "failed", "queued", "pending", "completed"];

export const isFailed = (point) => point.state === "failed" || point.state === "gone";
export const isRunning = (point) => point.state === "running" || point.state === "silent";

/** Share of a point's training that is done, 0 to 1. */
export const progress = (point) =>
  point.state === "completed" ? 1 : Math.min(1, point.epoch / point.epochs || 0);

/** A point's value of a knob, `state` or `failure`, as text, for the filters. */
export const valueOf = (point, field) =>
  field === "state"
    ? point.state
    : field === "failure"
      ? isFailed(point)
        ? point.failure
        : ""
      : typed(point.knobs[field]);

const bySize = (one, other) => Number(one) - Number(other) || one.localeCompare(other);

export class Store {
  study = null;
  status = null;
  learned = null;
  /** Names of the knobs that vary. */
  knobs = [];
  /** Points by id. */
  points = new Map();
  /** Wanted values by field; a field without an entry may have any value. */
  wanted = new Map();
  /** Text that the message or id must contain. */
  text = "";
  /** Counts the changes of the filters. */
  asked = 0;
  /** Cache of results since the last change, by query. */
  #known = new Map();

  /** Take a complete state of the study. */
  takeAll({study, knobs, status, points}) {
    Object.assign(this, {study, knobs, status});
    const known = new Set(points.id);
    for (const id of this.points.keys()) if (!known.has(id)) this.points.delete(id);
    for (const field of this.wanted.keys()) if (!this.fields.includes(field)) this.wanted.delete(field);
    this.#take(points);
  }

  takeChange({status, points}) {
    this.status = status;
    this.#take(points);
  }

  /** Take what was learned; an unchanged frontier stays the same array. */
  takeLearned(learned) {
    const before = this.learned?.frontier;
    const isSame = JSON.stringify(learned.frontier) === JSON.stringify(before);
    this.learned = isSame ? {...learned, frontier: before} : learned;
  }

  #take({knobs, ...columns}) {
    this.#known.clear();
    const names = Object.keys(columns);
    columns.id.forEach((id, place) => {
      const point = this.points.get(id) ?? {knobs: {}};
      for (const name of names) point[name] = columns[name][place];
      for (const name of Object.keys(knobs)) point.knobs[name] = knobs[name][place];
      this.points.set(id, point);
    });
  }

  /** The points that pass the filters, except those on the fields left out. */
  shown(...leftOut) {
    return this.#once(`shown ${leftOut}`, () => this.#all().filter(this.#test(leftOut)));
  }

  /** Whether any of these points passes the filters. */
  wants(ids) {
    const isWanted = this.#test([]);
    return ids.some((id) => this.points.has(id) && isWanted(this.points.get(id)));
  }

  #test(leftOut) {
    const wanted = [...this.wanted].filter(([field]) => !leftOut.includes(field));
    const text = this.text.toLowerCase();
    return (point) =>
      wanted.every(([field, values]) => values.has(valueOf(point, field))) &&
      (!text || contains(point, text));
  }

  /** Fields to filter by. */
  get fields() {
    return ["state", "failure", ...this.knobs];
  }

  /** All values of a field, in order. */
  values(field) {
    return this.#once(`values ${field}`, () => {
      const found = new Set(this.#all().map((point) => valueOf(point, field)));
      if (field === "failure") found.delete("");
      return field === "state" ? STATES.filter((state) => found.has(state)) : [...found].sort(bySize);
    });
  }

  #all() {
    return this.#once("all", () => [...this.points.values()]);
  }

  #once(what, work) {
    if (!this.#known.has(what)) this.#known.set(what, work());
    return this.#known.get(what);
  }

  /** Filter a field by these values; an empty list removes the filter. */
  want(field, values) {
    if (values.length) this.wanted.set(field, new Set(values));
    else this.wanted.delete(field);
    this.#ask();
  }

  find(text) {
    this.text = text;
    this.#ask();
  }

  #ask() {
    this.asked += 1;
    this.#known.clear();
  }

  clear() {
    this.wanted.clear();
    this.find("");
  }

  /** Name of the accuracy by which points are compared. */
  get accuracy() {
    return ACCURACY[this.study?.metric] ?? ACCURACY.top1;
  }

  get error() {
    return ERROR[this.study?.metric] ?? ERROR.top1;
  }

  get isFiltered() {
    return this.wanted.size > 0 || this.text !== "";
  }

  /** The filters as the hash of the page's address. */
  get hash() {
    const words = new URLSearchParams();
    for (const [field, values] of this.wanted) for (const value of values) words.append(field, value);
    if (this.text) words.set("text", this.text);
    return words.toString();
  }

  set hash(hash) {
    const words = new URLSearchParams(hash);
    this.wanted.clear();
    for (const field of new Set(words.keys())) if (field !== "text") this.want(field, words.getAll(field));
    this.find(words.get("text") ?? "");
  }
}

const contains = (point, text) =>
  point.id.includes(text) || (point.message ?? "").toLowerCase().includes(text);
