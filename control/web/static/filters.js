// The filters: values of each knob, states, failure classes and a search text; kept in the page's address.

import {byId, element, keep, setText} from "./dom.js";
import {counted} from "./format.js";

const NAMED_AT_MOST = 3;
const PAUSE_MS = 150;

export function makeFilters(store, changed) {
  const form = byId("filters");
  const fields = byId("filter-fields");
  const text = byId("filter-text");
  let pause;

  function draw() {
    form.hidden = false;
    keep(
      fields,
      store.fields.filter((name) => store.values(name).length),
      (name) => name,
      makeField,
      updateField,
    );
    const shown = store.shown().length;
    setText(
      byId("filter-count"),
      store.isFiltered
        ? `${shown.toLocaleString("en")} of ${counted(store.points.size, "point")}`
        : counted(store.points.size, "point"),
    );
    byId("filter-clear").disabled = !store.isFiltered;
    if (document.activeElement !== text) text.value = store.text;
  }

  function makeField(name) {
    const list = element("div", {className: "values", role: "group"});
    list.setAttribute("aria-label", name);
    return element(
      "details",
      {name: "filter"},
      element("summary", {}, element("span", {}, name), element("b")),
      list,
    );
  }

  function updateField(field, name) {
    const wanted = store.wanted.get(name);
    const chosen = [...(wanted ?? [])];
    const words = chosen.length > NAMED_AT_MOST ? `${chosen.length} chosen` : chosen.join(", ");
    field.classList.toggle("chosen", chosen.length > 0);
    setText(field.querySelector("b"), words || "any");
    const make = (value) => {
      const box = element("input", {type: "checkbox"});
      box.addEventListener("change", () => choose(name, value, box.checked));
      return element("label", {}, box, value);
    };
    keep(
      field.lastChild,
      store.values(name),
      (value) => value,
      make,
      (label, value) => {
        label.firstChild.checked = wanted?.has(value) ?? false;
      },
    );
  }

  function choose(name, value, on) {
    const wanted = new Set(store.wanted.get(name));
    if (on) wanted.add(value);
    else wanted.delete(value);
    store.want(name, [...wanted]);
    keepInAddress();
  }

  function keepInAddress() {
    history.replaceState(null, "", store.hash ? `#${store.hash}` : location.pathname + location.search);
    changed();
  }

  text.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      store.find(text.value.trim());
      keepInAddress();
    }, PAUSE_MS);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    store.clear();
    keepInAddress();
  });
  addEventListener("hashchange", () => {
    store.hash = location.hash.slice(1);
    changed();
  });
  document.addEventListener("click", (event) => closeAllBut(event.target.closest("#filters details")));
  form.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && event.target.closest("details[open]");
    if (!open) return;
    open.open = false;
    open.firstChild.focus();
  });

  function closeAllBut(open) {
    for (const each of fields.querySelectorAll("details[open]")) if (each !== open) each.open = false;
  }

  store.hash = location.hash.slice(1);
  return {draw, keepInAddress};
}
