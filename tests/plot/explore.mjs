// Draws the picture of explore.js on a document that only keeps what it is given, drags the point, and prints what was
// drawn as JSON. Called by test_explore.py with the path of explore.js (as .mjs) and of the model's state.
import fs from "fs";

class Element {
  constructor(name) {
    Object.assign(this, { name, children: [], attributes: {}, style: {}, heard: {}, textContent: "", innerHTML: "" });
  }
  setAttribute(key, value) {
    if (String(value).includes("NaN")) throw new Error(`NaN in ${key} of ${this.name}`);
    this.attributes[key] = String(value);
  }
  appendChild(child) {
    this.children.push(child);
    return child;
  }
  append(...all) {
    this.children.push(...all);
  }
  replaceChildren() {
    this.children = [];
  }
  get firstChild() {
    return this.children[0];
  }
  addEventListener(event, act) {
    this.heard[event] = act;
  }
  removeEventListener(event) {
    delete this.heard[event];
  }
  setPointerCapture() {}
  getBoundingClientRect() {
    return { left: 0, top: 0, width: 440, height: 440 };
  }
}

globalThis.document = { createElementNS: (_, name) => new Element(name), createElement: (name) => new Element(name) };
globalThis.requestAnimationFrame = (act) => act();
const [script, file] = process.argv.slice(2);
const { default: widget } = await import(script);
const state = JSON.parse(fs.readFileSync(file));
const told = {};
const model = {
  get: (key) => state[key],
  set: (key, value) => { state[key] = value; },
  save_changes: () => {},
  on: (event, act) => { told[event] = act; },
};
const el = new Element("div");
widget.render({ model, el });
const [svg, formula, table, knobs] = el.children;
const [, behind, moving, dot] = svg.children;
const out = {
  lines: behind.children.filter((c) => c.name === "path").length,
  strokes: moving.children.map((c) => c.attributes.stroke),
  dot: [Number(dot.attributes.cx), Number(dot.attributes.cy)],
  rows: table.children.length, knobs: knobs.children.length, formula: formula.innerHTML.length, events: Object.keys(told),
};
dot.heard.pointerdown({ pointerId: 1 });
dot.heard.pointermove({ clientX: 220, clientY: 220 });
out.dragged = state.point;
dot.heard.keydown({ key: "ArrowLeft", preventDefault() {} });
out.stepped = state.point;
for (const knob of knobs.children) {
  knob.children[1].value = 1;
  knob.children[1].heard.input();
}
out.constants = state.constants;
for (const act of Object.values(told)) act();
console.log(JSON.stringify(out));
