// Controls that are bound to fields of the state: what they show follows the state, wherever it was changed.

import { h, fresh, show } from "./dom.js";

const STEPS = 1000; // of a logarithmic slider

const toSlider = (field, value) =>
  field.scale === "log"
    ? Math.round((STEPS * Math.log(value / field.low)) / Math.log(field.high / field.low))
    : value;
const fromSlider = (field, position) =>
  field.scale === "log"
    ? Number((field.low * (field.high / field.low) ** (position / STEPS)).toPrecision(3))
    : position;
const within = (field, value) => Math.min(field.high, Math.max(field.low, value));

/** A slider with a box for the exact number. */
export function slider(page, name, { label, hint = false, high } = {}) {
  const field = { ...page.field(name) };
  if (high !== undefined) field.high = high;
  const id = fresh(name);
  const whole = field.kind === "whole";
  const step = field.scale === "log" ? 1 : whole ? 1 : field.step;
  const range = h("input", {
    type: "range", id, min: field.scale === "log" ? 0 : field.low, max: field.scale === "log" ? STEPS : field.high, step,
    data: { field: name },
    oninput: () => page.set({ [name]: fromSlider(field, Number(range.value)) }, "dragging"),
    onchange: () => page.set({ [name]: fromSlider(field, Number(range.value)) }),
  });
  const box = h("input", {
    type: "number", min: field.low, max: field.high, step: whole ? 1 : "any", inputMode: "decimal",
    "aria-label": `${field.label || name}, exact number`, data: { box: name },
    onchange: () => {
      const value = Number(box.value);
      if (box.value.trim() === "" || !Number.isFinite(value)) follow(page.state[name]);
      else page.set({ [name]: within(field, whole ? Math.round(value) : value) });
    },
  });
  const follow = (value) => {
    range.value = String(toSlider(field, value));
    range.setAttribute("aria-valuetext", show(value));
    if (document.activeElement !== box || Number(box.value) !== value) box.value = String(value);
  };
  page.bind(name, follow);
  return h("div", { className: "control", data: { control: name } },
    h("label", { htmlFor: id }, h("span", { className: "term", data: { term: name } }, label || field.label)),
    range, box, hint && field.help && h("p", { className: "hint" }, field.help));
}

/** Radio buttons in a row, or a drop-down list. */
export function choice(page, name, { label, menu = false } = {}) {
  const field = page.field(name);
  const id = fresh(name);
  const title = h("span", { className: "term", data: { term: name } }, label || field.label);
  if (menu) {
    const list = h("select", { id, data: { field: name }, onchange: () => page.set({ [name]: list.value }) },
      field.options.map(([word, text]) => h("option", { value: word }, text)));
    page.bind(name, (value) => { list.value = value; });
    return h("div", { className: "control menu", data: { control: name } }, h("label", { htmlFor: id }, title), list);
  }
  const buttons = field.options.map(([word, text]) => {
    const input = h("input", { type: "radio", name: id, value: word, data: { field: name },
      onchange: () => page.set({ [name]: word }) });
    return { word, input, element: h("label", {}, input, h("span", {}, text)) };
  });
  page.bind(name, (value) => buttons.forEach(({ word, input }) => { input.checked = word === value; }));
  return h("fieldset", { className: "control radio", data: { control: name } },
    h("legend", {}, title), h("div", { className: "segments" }, buttons.map((b) => b.element)));
}

/** A box to tick. */
export function flag(page, name, { label } = {}) {
  const field = page.field(name);
  const input = h("input", { type: "checkbox", data: { field: name }, onchange: () => page.set({ [name]: input.checked }) });
  page.bind(name, (value) => { input.checked = value; });
  return h("label", { className: "control flag" }, input, h("span", {}, label || field.label));
}

/** A button. */
export const button = (text, onclick, props = {}) => h("button", { type: "button", onclick, ...props }, text);

/** A group of controls with a heading. */
export const group = (title, ...children) =>
  h("section", { className: "group" }, title && h("h2", {}, title), ...children);

/**
 * A palette of tools of which one is held; `tools` are [name, text, swatch class].
 * Returns {element, held()}.
 */
export function palette(tools, label, changed) {
  let held = tools[0][0];
  const id = fresh("tool");
  const inputs = tools.map(([name, text]) => {
    const input = h("input", { type: "radio", name: id, value: name, checked: name === held, data: { tool: name },
      onchange: () => { held = name; changed?.(name); } });
    return h("label", { className: "tool" }, input, h("span", { className: `swatch swatch-${name}`, "aria-hidden": "true" }), text);
  });
  return { element: h("fieldset", { className: "palette" }, h("legend", {}, label), inputs), held: () => held };
}

/** A play and pause button: `tick()` is called `rate` times a second and returns false at the end. */
export function player(texts, rate, tick) {
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    element.textContent = texts.play;
    element.setAttribute("aria-pressed", "false");
  };
  const element = button(texts.play, () => {
    if (timer) { stop(); return; }
    if (texts.begin) texts.begin();
    element.textContent = texts.pause;
    element.setAttribute("aria-pressed", "true");
    timer = setInterval(() => { if (tick() === false) stop(); }, 1000 / rate);
  }, { "aria-pressed": "false", className: "play" });
  return { element, stop: () => timer && stop() };
}
