// Elements: made from text only, so that nothing from a study is ever parsed as HTML, and reused from one drawing to the next.

export const byId = (id) => document.getElementById(id);

/** A new element with these properties or attributes; children are nodes, or strings, which stay text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Set the text of a node if it differs. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Show a sentence, or hide its place if it is empty. */
export function say(node, sentence) {
  node.hidden = !sentence;
  setText(node, sentence ?? "");
}

const kept = new WeakMap();

/**
 * Match the children of `parent` to `items`, one per key. An element is made once, updated each time, and moved
 * only where it is out of order, so that open, scrolled and focused elements stay as they are.
 */
export function keep(parent, items, keyOf, make, update) {
  const before = kept.get(parent) ?? new Map();
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const now = new Map(items.map((item) => [keyOf(item), before.get(keyOf(item)) ?? make(item)]));
  for (const [key, node] of before) if (!now.has(key)) node.remove();
  let place = parent.firstElementChild;
  for (const item of items) {
    const node = now.get(keyOf(item));
    update(node, item);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  kept.set(parent, now);
  if (focused && focused !== document.activeElement) focused.focus({preventScroll: true});
}

/** Move the focus among buttons by arrow keys; Tab reaches only one of them. */
export function rove(container, selector, step) {
  container.addEventListener("keydown", (event) => {
    const all = [...container.querySelectorAll(selector)];
    const at = all.indexOf(event.target);
    const to = at < 0 ? undefined : step(event.key, at, all);
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    all[to].focus();
  });
  container.addEventListener("focusin", (event) => {
    if (!event.target.matches(selector)) return;
    for (const each of container.querySelectorAll(selector)) each.tabIndex = each === event.target ? 0 : -1;
  });
}

/** Make one of them reachable by Tab. */
export function reachable(container, selector) {
  const all = [...container.querySelectorAll(selector)];
  if (all.length && !all.some((each) => each.tabIndex === 0)) all[0].tabIndex = 0;
}
