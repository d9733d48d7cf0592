// The interactive frontier: one chart of error against a chosen cost, and a card about the model pointed at.
(() => {
  const data = JSON.parse(document.getElementById("frontier-data").textContent);
  const chart = document.getElementById("frontier-chart");
  const card = document.getElementById("frontier-card");
  const [MODEL, X, Y, LOW, HIGH, STANDING, COST, CHANCE] = [0, 1, 2, 3, 4, 5, 6, 7];
  const CLASSES = ["frontier", "near", "far", "far"];
  const NEAR_PX = 28;
  let view, chosen, held = false, box;

  const draw = (tag, attributes, text) => {
    const element = chart.appendChild(document.createElementNS(chart.namespaceURI, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const px = (share) => box.left + share * box.width;
  const py = (share) => box.top + (1 - share) * box.height;

  function drawAxes() {
    const bottom = box.top + box.height;
    for (const [share, text] of view.y_ticks) {
      draw("line", {class: "grid", x1: box.left, x2: box.left + box.width, y1: py(share), y2: py(share)});
      draw("text", {x: box.left - 6, y: py(share), class: "tick", "text-anchor": "end", dy: ".35em"}, text);
    }
    for (const [share, text] of view.x_ticks) {
      draw("line", {class: "grid", x1: px(share), x2: px(share), y1: box.top, y2: bottom});
      draw("text", {x: px(share), y: bottom + 16, class: "tick", "text-anchor": "middle"}, text);
    }
    draw("path", {class: "axis", d: `M${box.left} ${box.top}V${bottom}H${box.left + box.width}`});
    draw("text", {x: box.left + box.width / 2, y: bottom + 36, class: "label", "text-anchor": "middle"}, view.x_label);
    draw("text", {class: "label", "text-anchor": "middle",
                  transform: `translate(13 ${box.top + box.height / 2}) rotate(-90)`}, view.y_label);
  }

  function drawModels() {
    const line = view.at.filter((at) => at[STANDING] === 0);
    const stairs = line.map((at, i) => (i ? `H${px(at[X])}V${py(at[Y])}` : `M${px(at[X])} ${py(at[Y])}`));
    for (const at of view.at.filter((each) => each[STANDING] > 1)) circle(at, 2.5);
    draw("path", {class: "stairs", d: stairs.join("")});
    for (const standing of [1, 0]) {
      const mine = view.at.filter((at) => at[STANDING] === standing);
      for (const at of mine) draw("line", {class: `bar ${CLASSES[standing]}`, x1: px(at[X]), x2: px(at[X]), y1: py(at[LOW]), y2: py(at[HIGH])});
      for (const at of mine) circle(at, standing ? 4 : 4.5);
    }
    draw("path", {class: "cross", id: "frontier-cross"});
    draw("circle", {class: "ring", id: "frontier-ring", r: 9});
  }

  const circle = (at, r) => draw("circle", {class: CLASSES[at[STANDING]], cx: px(at[X]), cy: py(at[Y]), r});

  function redraw() {
    const width = chart.parentElement.clientWidth;
    const height = Math.round(Math.min(480, Math.max(300, 0.62 * width)));
    box = {left: 50, top: 12, width: width - 50 - 14, height: height - 12 - 46};
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.setAttribute("height", height);
    chart.replaceChildren();
    drawAxes();
    drawModels();
    mark();
  }

  function mark() {
    const at = view.at[chosen];
    const [x, y] = [px(at[X]), py(at[Y])];
    document.getElementById("frontier-ring").setAttribute("cx", x);
    document.getElementById("frontier-ring").setAttribute("cy", y);
    document.getElementById("frontier-cross").setAttribute("d", `M${box.left} ${y}H${x}V${box.top + box.height}`);
    tell(at);
  }

  function tell(at) {
    const model = data.models[at[MODEL]], standing = data.standings[at[STANDING]];
    const chance = at[CHANCE] === null ? "" : ` (probability ${at[CHANCE]})`;
    const facts = [[view.cost, at[COST]], [data.accuracy, model.top1], ["seeds", String(model.seeds)],
                   ["standing", standing.label + chance]];
    card.querySelector("h3").textContent = model.name;
    const list = card.querySelector("dl");
    list.replaceChildren();
    for (const [name, value] of facts) addFact(list, name, [value]);
    if (model.files.length) {
      addFact(list, "files", model.files.map(([seed, href]) => Object.assign(document.createElement("a"), {href, textContent: `seed ${seed}`})));
    }
    card.querySelector(".means").textContent = standing.means;
  }

  function addFact(list, name, values) {
    list.appendChild(document.createElement("dt")).textContent = name;
    const fact = list.appendChild(document.createElement("dd"));
    values.forEach((value, i) => fact.append(...(i ? [", ", value] : [value])));
  }

  function nearest(event) {
    const frame = chart.getBoundingClientRect();
    let best = -1, distance = NEAR_PX;
    view.at.forEach((at, i) => {
      const away = Math.hypot(px(at[X]) - (event.clientX - frame.left), py(at[Y]) - (event.clientY - frame.top));
      const seen = away + at[STANDING];
      if (seen < distance) [best, distance] = [i, seen];
    });
    return best;
  }

  function choose(index) {
    chosen = index;
    mark();
  }

  function show(number) {
    const model = view && view.at[chosen][MODEL];
    view = data.views[number];
    const same = view.at.findIndex((at) => at[MODEL] === model);
    const best = view.at.findLastIndex((at) => at[STANDING] === 0);
    chosen = same >= 0 ? same : Math.max(best, 0);
    const left = view.num_models - view.at.length;
    document.getElementById("frontier-left-out").textContent = left
      ? `${view.at.length} of ${view.num_models} models are drawn here, those nearest the frontier first; frontier.csv has all.` : "";
    redraw();
  }

  chart.addEventListener("pointermove", (event) => {
    const found = event.pointerType === "mouse" && !held ? nearest(event) : -1;
    if (found >= 0) choose(found);
  });
  chart.addEventListener("click", (event) => {
    const found = nearest(event);
    held = found >= 0 && !(held && found === chosen);
    chart.classList.toggle("held", held);
    if (found >= 0) choose(found);
  });
  chart.addEventListener("keydown", (event) => {
    const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const onLine = event.key === "ArrowUp" || event.key === "ArrowDown";
    let next = chosen + step;
    while (onLine && view.at[next] && view.at[next][STANDING] !== 0) next += step;
    if (view.at[next]) choose(next);
  });
  document.querySelectorAll("input[name=frontier-cost]").forEach((input) => {
    input.addEventListener("change", () => show(Number(input.value)));
    if (input.checked) show(Number(input.value));
  });
  document.getElementById("frontier-live").hidden = false;
  document.getElementById("frontier-static").hidden = true;
  redraw();
  new ResizeObserver(redraw).observe(chart.parentElement);
})();
