// A point's log, and the commands that print it and retry the point, ready to copy.

import {element, setText} from "./dom.js";
import {quoted} from "./format.js";

const COPIED_MS = 2000;

/** Read the log of a point into a place, scrolled to its end, where a traceback is, unless the user has scrolled away. */
export async function readLog(place, id) {
  place.dataset.id = id;
  const isAtEnd = !place.textContent || place.scrollHeight - place.scrollTop - place.clientHeight < 20;
  const text = await logOf(id);
  if (place.dataset.id !== id) return;
  setText(place, text);
  if (isAtEnd) place.scrollTop = place.scrollHeight;
}

async function logOf(id) {
  try {
    const answer = await fetch(`log/${encodeURIComponent(id)}`);
    return (await answer.text()) || "There is no log: the point was never started.";
  } catch {
    return "The log could not be read: the connection is lost.";
  }
}

export const logsCommand = (store, id) => `python -m control logs ${quoted(store.study.path)} ${quoted(id)}`;
export const retryCommand = (store, ...words) =>
  ["python -m control retry", ...[store.study.path, ...words].map(quoted)].join(" ");

/** A command line with a button that copies it. */
export function command(line) {
  const code = element("code", {}, line);
  const button = element("button", {type: "button"}, "Copy");
  button.setAttribute("aria-label", `Copy ${line}`);
  button.addEventListener("click", async () => {
    const isCopied = await copied(line);
    if (!isCopied) getSelection().selectAllChildren(code);
    setText(button, isCopied ? "Copied" : "Press Ctrl+C");
    setTimeout(() => setText(button, "Copy"), COPIED_MS);
  });
  return element("div", {className: "command"}, code, button);
}

/** Browsers give pages a clipboard only from this machine or over TLS. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
