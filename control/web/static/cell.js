// A cell: a summary of a group of points, as two lines of text, a sentence and a colour.

import {counted, share, percent} from "./format.js";
import {isFailed, isRunning, progress} from "./store.js";

const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
const isCompleted = (point) => point.state === "completed";
const number = (points, test) => points.filter(test).length;

function bestOf(points) {
  const known = points.map((point) => point.accuracy).filter((each) => each != null);
  return known.length ? Math.max(...known) : null;
}

/** The number of running and failed points, as `▸2 ✕1`. */
export function marks(points) {
  const [running, failed] = [number(points, isRunning), number(points, isFailed)];
  return [running ? `▸${running}` : "", failed ? `✕${failed}` : ""].join(" ").trim();
}

/** The whole summary in words, after the name of the cell. */
export function sentence(name, points) {
  if (!points.length) return `${name}: no points.`;
  const found = [number(points, isCompleted), number(points, isRunning), number(points, isFailed)];
  const counts = ["completed", "running", "failed"].map(
    (word, place) => found[place] && `${found[place]} ${word}`,
  );
  const best = bestOf(points);
  const told = [
    `${name}: ${counted(points.length, "point")}`,
    ...counts.filter(Boolean),
    `${share(mean(points.map(progress)))} of the epochs`,
    ...(best == null ? [] : [`best accuracy ${percent(best)} %`]),
  ];
  return `${told.join(", ")}.`;
}

/** By quantity shown: a function of all cells that returns a function of one cell: its text, and its tint from 0 to 1. */
export const SHADES = {
  progress: () => (points) => {
    const done = mean(points.map(progress));
    return {text: share(done), tint: done};
  },
  accuracy: (cells) => {
    const best = cells.map(bestOf).filter((each) => each != null);
    const [low, high] = [Math.min(...best), Math.max(...best)];
    const tint = (each) => (high > low ? 0.1 + (0.9 * (each - low)) / (high - low) : 1);
    return (points) => {
      const each = bestOf(points);
      return {text: percent(each), tint: each == null ? 0 : tint(each)};
    };
  },
  failures: () => (points) => {
    const failed = number(points, isFailed);
    return {text: String(failed), tint: failed / points.length};
  },
};
