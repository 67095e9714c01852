// The picture of frechet.plot.explore: contour lines or a graph, a point that can be dragged or moved with the arrow
// keys, sliders for constants. Python computes; this draws.

const SIZE = 440, EDGE = 34;
const NS = "http://www.w3.org/2000/svg";
const BLUE = "#0a7cc0", GREEN = "#005c42", VERMILION = "#d55e00", LINE = "#5b7f9e";

function element(name, attributes, parent) {
  const node = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (parent) parent.appendChild(node);
  return node;
}

function scales(window) {
  const [x0, x1, y0, y1] = window, inner = SIZE - 2 * EDGE;
  return {
    x: (x) => EDGE + ((x - x0) / (x1 - x0)) * inner,
    y: (y) => SIZE - EDGE - ((y - y0) / (y1 - y0)) * inner,
    backX: (p) => x0 + ((p - EDGE) / inner) * (x1 - x0),
    backY: (p) => y0 + ((SIZE - EDGE - p) / inner) * (y1 - y0),
    perX: inner / (x1 - x0),
    perY: inner / (y1 - y0),
  };
}

function path(points, s) {
  return points.map(([x, y], i) => `${i ? "L" : "M"}${s.x(x).toFixed(2)} ${s.y(y).toFixed(2)}`).join("");
}

function drawGround(layer, ground) {
  layer.replaceChildren();
  const s = scales(ground.window), inner = SIZE - 2 * EDGE;
  element("rect", { x: EDGE, y: EDGE, width: inner, height: inner, fill: "none", stroke: "currentColor", opacity: 0.4 }, layer);
  for (const line of ground.lines) {
    const curve = element("path", {
      d: path(line.points, s), fill: "none", stroke: LINE, "stroke-width": ground.kind === "graph" ? 2 : 1.1,
      "clip-path": `url(#frame${ground.id})`,
    }, layer);
    if (line.level !== null) element("title", {}, curve).textContent = `f = ${line.level}`;
  }
  const [x0, x1, y0, y1] = ground.window, small = { "font-size": 12, fill: "currentColor" };
  const write = (text, x, y, anchor) => {
    element("text", { ...small, x, y, "text-anchor": anchor }, layer).textContent = text;
  };
  const short = (v) => String(Number(v.toPrecision(3)));
  write(short(x0), EDGE, SIZE - EDGE + 16, "middle");
  write(short(x1), SIZE - EDGE, SIZE - EDGE + 16, "middle");
  write(ground.labels[0], SIZE / 2, SIZE - EDGE + 18, "middle");
  write(short(y0), EDGE - 5, SIZE - EDGE, "end");
  write(short(y1), EDGE - 5, EDGE + 4, "end");
  write(ground.labels[1], EDGE - 8, SIZE / 2, "end");
}

function drawState(layer, ground, state) {
  layer.replaceChildren();
  const s = scales(ground.window), clip = { "clip-path": `url(#frame${ground.id})` };
  const stroke = (points, colour, extra) =>
    element("path", { d: path(points, s), fill: "none", stroke: colour, "stroke-width": 2, ...clip, ...extra }, layer);
  if (!state.gradient) return;
  if (ground.kind === "graph") {
    const [x0, x1] = ground.window, x = state.place[0], f = Number(state.value), g = state.gradient[0];
    stroke([[x0, f + g * (x0 - x)], [x1, f + g * (x1 - x)]], GREEN);
    if (state.curvature !== undefined) {
      const bend = [];
      for (let i = 0; i <= 80; i++) {
        const t = x0 + ((x1 - x0) * i) / 80 - x;
        bend.push([x + t, f + g * t + (state.curvature / 2) * t * t]);
      }
      stroke(bend, VERMILION, { "stroke-dasharray": "6 4" });
    }
    return;
  }
  const [x, y] = state.place, [gx, gy] = state.gradient;
  const length = Math.hypot(gx * s.perX, gy * s.perY);
  if (!length) return;
  const tall = 90 / length, wide = 60 / Math.hypot(gy * s.perX, gx * s.perY);
  stroke([[x - gy * wide, y + gx * wide], [x + gy * wide, y - gx * wide]], GREEN);
  const tip = [x + gx * tall, y + gy * tall];
  stroke([[x, y], tip], BLUE, { "marker-end": `url(#arrow${ground.id})` });
  if (state.newton) stroke([[x, y], [x + state.newton[0], y + state.newton[1]]], VERMILION, { "stroke-dasharray": "6 4" });
}

function fillTable(table, state, message) {
  table.replaceChildren();
  const rows = message ? [["", message]] : state.rows || [];
  for (const [label, text] of rows) {
    const row = table.appendChild(document.createElement("tr"));
    row.appendChild(document.createElement("th")).textContent = label;
    row.appendChild(document.createElement("td")).textContent = text;
    row.firstChild.style = "font-weight:normal;opacity:.7;text-align:left;padding-right:1em";
  }
}

function slider(name, model, parent) {
  const row = parent.appendChild(document.createElement("label"));
  row.style = "display:flex;gap:.6em;align-items:center;max-width:440px";
  const [low, high] = model.get("ranges")[name];
  const knob = document.createElement("input");
  Object.assign(knob, { type: "range", min: low, max: high, step: (high - low) / 200, value: model.get("constants")[name] });
  knob.style = "flex:1";
  const shown = document.createElement("span");
  const show = () => { shown.textContent = `${name} = ${Number(Number(knob.value).toPrecision(3))}`; };
  knob.addEventListener("input", () => {
    show();
    model.set("constants", { ...model.get("constants"), [name]: Number(knob.value) });
    model.save_changes();
  });
  show();
  shown.style = "min-width:7em";
  row.append(shown, knob);
}

function render({ model, el }) {
  const svg = element("svg", { viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", style: "max-width:440px;width:100%;touch-action:none" });
  svg.setAttribute("aria-label", `${model.get("title")}: drag the point, or move it with the arrow keys`);
  const id = Math.random().toString(36).slice(2); // several pictures on one page
  const ground = () => ({ ...model.get("ground"), id });
  const defs = element("defs", {}, svg);
  const inner = SIZE - 2 * EDGE;
  element("rect", { x: EDGE, y: EDGE, width: inner, height: inner }, element("clipPath", { id: `frame${id}` }, defs));
  const head = element("marker", { id: `arrow${id}`, viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto" }, defs);
  element("path", { d: "M0 0L10 5L0 10z", fill: BLUE }, head);
  const behind = element("g", {}, svg), moving = element("g", {}, svg);
  const dot = element("circle", { r: 7, fill: VERMILION, stroke: "white", "stroke-width": 2, tabindex: 0, style: "cursor:grab" }, svg);
  const table = document.createElement("table"), formula = document.createElement("div"), knobs = document.createElement("div");
  formula.style = "overflow-x:auto;max-width:100%";
  el.append(svg, formula, table, knobs);
  for (const name of Object.keys(model.get("constants"))) slider(name, model, knobs);

  const where = () => {
    const shown = model.get("ground"), s = scales(shown.window), point = model.get("point");
    const y = shown.kind === "graph" ? Number(model.get("state").value) : point[1];
    dot.setAttribute("cx", s.x(point[0]));
    dot.setAttribute("cy", s.y(y));
  };
  const drawn = () => {
    drawGround(behind, ground());
    changed();
  };
  const changed = () => {
    const state = model.get("state");
    drawState(moving, ground(), state);
    fillTable(table, state, model.get("message"));
    formula.innerHTML = model.get("message") ? "" : state.model || "";
    where();
  };
  let waiting = false;
  const go = (point) => {
    const shown = model.get("ground"), [x0, x1, y0, y1] = shown.window;
    const kept = [Math.min(x1, Math.max(x0, point[0])), Math.min(y1, Math.max(y0, point[1] ?? 0))];
    model.set("point", shown.kind === "graph" ? kept.slice(0, 1) : kept);
    where();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      model.save_changes();
    });
  };
  const placed = (event) => {
    const box = svg.getBoundingClientRect(), s = scales(model.get("ground").window), per = SIZE / box.width;
    go([s.backX((event.clientX - box.left) * per), s.backY((event.clientY - box.top) * per)]);
  };
  dot.addEventListener("pointerdown", (event) => {
    dot.setPointerCapture(event.pointerId);
    dot.addEventListener("pointermove", placed);
  });
  dot.addEventListener("pointerup", () => dot.removeEventListener("pointermove", placed));
  dot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [x0, x1, y0, y1] = model.get("ground").window, point = model.get("point");
    go([point[0] + (step[0] * (x1 - x0)) / 50, (point[1] ?? 0) + (step[1] * (y1 - y0)) / 50]);
  });
  model.on("change:ground", drawn);
  model.on("change:state", changed);
  model.on("change:message", changed);
  drawn();
}

export default { render };
