// Quantities in human-readable form, formatted as the commands do.

const PREFIXES = [
  [1e24, "Y"],
  [1e21, "Z"],
  [1e18, "E"],
  [1e15, "P"],
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const UNITS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
];
const short = (value, digits = 3) => String(Number(value.toPrecision(digits)));

/** Shown where there is no value. */
export const NONE = "–";

/** A large count in three digits: 1700000000 is `1.7G`. */
export function count(value) {
  if (value == null) return NONE;
  const [factor, prefix] = PREFIXES.find(([size]) => Math.abs(value) >= 0.9995 * size) ?? [1, ""];
  return short(value / factor) + prefix;
}

/** A duration in its natural unit: 150 is `2.5 min`. */
export function duration(seconds, digits = 3) {
  if (seconds == null) return NONE;
  const [size, unit] = UNITS.find(([each]) => seconds >= each) ?? [1, "s"];
  return size === 1 ? `${Math.round(seconds)} s` : `${short(seconds / size, digits)} ${unit}`;
}

/** Device time from hours: in hours, however many, or in a smaller unit below one. */
export const hours = (value) => (value >= 1 ? `${short(value)} h` : duration(3600 * value));
export const share = (value) => `${Math.floor(100 * value + 1e-9)} %`;
export const percent = (value) => (value == null ? NONE : value.toFixed(2));
export const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** Names of the accuracy, and of the error (100 % minus it), by metric. */
export const ACCURACY = {top1: "top-1", miou: "mean IoU"};
export const ERROR = {top1: "top-1 error", miou: "100 % - mean IoU"};

/** A knob's value as it is typed. */
export const typed = (value) => (value == null ? "-" : String(value));

/** Quote a word for the shell, if it needs it. */
export const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);
