// Maps of states: cells of a grid or nodes of a graph, with values as colours, policies as arrows, and paths.

import { h, show } from "./dom.js";
import { EMPTY, GOLD, INK, LINE, SOFT, WALL } from "./colours.js";
import { Figure, heading } from "./scene.js";

const STEPS = [[0, 1], [1, 0], [0, -1], [-1, 0]]; // right, down, left, up: (row, column)
const TITLE = 22;
const BAR = 26;

/** Letters of the rows of a drawing. */
export const rowsOf = (drawing) => drawing.split("/");

/** The drawing with one letter changed; a map has one start at most. */
export function painted(drawing, row, column, letter) {
  const rows = rowsOf(drawing).map((text) => [...text]);
  if (letter === "S") rows.forEach((letters) => letters.forEach((l, j) => { if (l === "S") letters[j] = "."; }));
  rows[row][column] = letter;
  return rows.map((letters) => letters.join("")).join("/");
}

/** A small sign for what a cell is made of. */
function sign(pen, letter, x, y, r, ink) {
  if (letter === "G") {
    const star = Array.from({ length: 10 }, (_, i) => {
      const far = i % 2 ? 0.45 * r : 1.1 * r;
      return [x + far * Math.sin((i * Math.PI) / 5), y - far * Math.cos((i * Math.PI) / 5)];
    });
    pen.path(star, { fill: GOLD, stroke: INK, width: 1, close: true });
  } else if (letter === "m") {
    for (const k of [-0.45, 0.15]) {
      pen.path([-1, -0.5, 0, 0.5, 1].map((t, i) => [x + t * r, y + k * r + (i % 2 ? -0.3 : 0.2) * r]), { stroke: "#fff", width: Math.max(2.4, r * 0.5) });
      pen.path([-1, -0.5, 0, 0.5, 1].map((t, i) => [x + t * r, y + k * r + (i % 2 ? -0.3 : 0.2) * r]), { stroke: "#7a4a12", width: Math.max(1.2, r * 0.26) });
    }
  } else if (letter === "f") {
    for (let i = 0; i < 5; i += 1) {
      const turn = (i * 2 * Math.PI) / 5;
      pen.circle(x + 0.6 * r * Math.sin(turn), y - 0.6 * r * Math.cos(turn), 0.42 * r, { fill: "#d4418e", stroke: "#fff", width: 0.6 });
    }
    pen.circle(x, y, 0.32 * r, { fill: GOLD });
  } else if (letter === "c") {
    pen.path([[x - r, y + 0.8 * r], [x - 0.3 * r, y - 0.8 * r], [x + 0.15 * r, y + 0.1 * r], [x + 0.45 * r, y - 0.4 * r], [x + r, y + 0.8 * r]],
      { fill: "#8c2d19", stroke: "#fff", width: 0.8, close: true });
  } else if (letter === "S") {
    pen.circle(x, y, 0.85 * r, { fill: "#fff", stroke: ink, width: 1.4 });
    pen.text(x, y + 0.5, "S", { size: Math.max(7, 1.25 * r), align: "center", weight: 700 });
  }
}

/** One map. `options`: name, title(), describe(), read(state), maxHeight(), kind of interaction. `show(content)` draws. */
export class MapView {
  constructor(options) {
    this.options = options;
    this.content = null;
    this.cell = 0;
    this.cursor = null;
    this.readout = h("p", { className: "readout" });
    this.figure = new Figure({
      name: options.name,
      interactive: Boolean(options.onCell || options.onPlace),
      label: () => (options.describe ? options.describe() : options.title()),
      measure: (width) => this.measure(width),
      draw: (pen, width) => this.draw(pen, width),
    });
    this.element = h("div", { className: "map" }, this.figure.element, options.read && this.readout);
    if (options.onCell || options.onPlace) this.listen();
    else if (options.read) this.hover();
  }

  get canvas() {
    return this.figure.canvas;
  }

  show(content) {
    this.content = content;
    this.figure.redraw();
    if (this.options.read && this.reading === undefined && content?.selected !== undefined && content.selected !== null) this.read(content.selected, true);
    else if (this.reading !== undefined) this.read(this.reading, true);
  }

  /** Whether a finger on the map draws (true) or scrolls the page. */
  grab(draws) {
    this.canvas.classList.toggle("touchable", draws);
  }

  read(state, quiet = false) {
    if (!quiet) this.reading = state;
    this.readout.textContent = state === undefined || state === null || state < 0 ? "" : this.options.read(state);
  }

  /* Geometry. */

  measure(width) {
    if (!this.content?.layout) return 60;
    const { layout, scale } = this.content;
    const most = this.options.maxHeight ? this.options.maxHeight() : 1e9;
    if (layout.positions) this.place(layout, width, Math.max(160, Math.min(width * 0.86, most)));
    else this.cell = Math.max(3, Math.min((width - 2) / layout.columns, most / layout.rows));
    this.canvas.dataset.cell = String(this.cell || 0);
    const tall = layout.positions ? this.tall : this.cell * layout.rows;
    return TITLE + tall + (scale && !this.options.small ? BAR : 6);
  }

  place(layout, width, tall) {
    const xs = layout.positions.map((p) => p[0]);
    const ys = layout.positions.map((p) => p[1]);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const size = Math.min((width - 36) / (x1 - x0 || 1), (tall - 48) / (y1 - y0 || 1));
    this.tall = Math.min(tall, (y1 - y0) * size + 48);
    this.points = layout.positions.map(([x, y]) => [18 + (x - x0) * size, TITLE + 30 + (y1 - y) * size]);
    this.radius = Math.max(3, Math.min(11, 0.36 * size, Math.sqrt((width * tall) / layout.positions.length) * 0.2));
  }

  centre(state) {
    if (this.points && this.content.layout.positions) return this.points[state];
    const [row, column] = this.cellOf(state);
    return [1 + (column + 0.5) * this.cell, TITLE + (row + 0.5) * this.cell];
  }

  cellOf(state) {
    const { layout } = this.content;
    if (layout !== this.indexed) {
      this.indexed = layout;
      this.cells = [];
      layout.states.forEach((line, row) => line.forEach((s, column) => { if (s >= 0) this.cells[s] = [row, column]; }));
    }
    return this.cells[state];
  }

  /** [row, column, state] under a point of the figure, or null. */
  under([x, y]) {
    const { layout } = this.content || {};
    if (!layout) return null;
    if (layout.positions) {
      let best = null;
      let nearest = Math.max(14, this.radius * 1.6) ** 2;
      this.points.forEach(([px, py], state) => {
        const far = (px - x) ** 2 + (py - y) ** 2;
        if (far < nearest) [best, nearest] = [state, far];
      });
      return best === null ? null : [0, best, best];
    }
    const [row, column] = [Math.floor((y - TITLE) / this.cell), Math.floor((x - 1) / this.cell)];
    if (row < 0 || column < 0 || row >= layout.rows || column >= layout.columns) return null;
    return [row, column, layout.states[row][column]];
  }

  /* Pointer and keys. */

  hover() {
    this.canvas.addEventListener("pointermove", (event) => {
      const found = this.under(this.figure.point(event));
      this.read(found ? found[2] : undefined);
    });
    this.canvas.addEventListener("pointerleave", () => { this.reading = undefined; this.show(this.content); });
  }

  listen() {
    const { onCell, onPlace } = this.options;
    const act = (phase, found, event) => {
      if (onCell) onCell(phase, found, event);
      else if (phase === "down" && found) onPlace(found[2]);
    };
    let pressed = false;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const found = this.under(this.figure.point(event));
      if (!found) return;
      pressed = true;
      this.canvas.setPointerCapture(event.pointerId);
      this.cursor = found.slice(0, 2);
      act("down", found, event);
      this.read(found[2]);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const moves = pressed && event.getCoalescedEvents ? event.getCoalescedEvents() : [event];
      for (const move of moves.length ? moves : [event]) {
        const found = this.under(this.figure.point(move));
        if (pressed) act("move", found, event);
        this.read(found ? found[2] : undefined);
      }
    });
    const end = (event) => { if (pressed) { pressed = false; act("up", this.under(this.figure.point(event)), event); } };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
    this.canvas.addEventListener("pointerleave", () => { if (!pressed) { this.reading = undefined; this.show(this.content); } });
    this.canvas.addEventListener("blur", () => { if (this.stroke) { this.stroke = false; act("up", null); } this.focused = false; this.figure.redraw(); });
    this.canvas.addEventListener("focus", () => { this.focused = this.canvas.matches(":focus-visible"); this.figure.redraw(); });
    this.canvas.addEventListener("keydown", (event) => this.key(event, act));
  }

  key(event, act) {
    const { layout } = this.content || {};
    if (!layout) return;
    const at = ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"].indexOf(event.key);
    if (at < 0 && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    this.focused = true;
    if (layout.positions) {
      const state = this.cursor ? this.cursor[1] : 0;
      const next = at < 0 ? state : (state + (at < 2 ? 1 : -1) + layout.positions.length) % layout.positions.length;
      this.cursor = [0, next];
      if (at < 0) act("down", [0, next, next], event);
      this.read(next);
    } else {
      let [row, column] = this.cursor || [0, 0];
      if (at >= 0) {
        row = Math.min(layout.rows - 1, Math.max(0, row + STEPS[at][0]));
        column = Math.min(layout.columns - 1, Math.max(0, column + STEPS[at][1]));
      }
      this.cursor = [row, column];
      const found = [row, column, layout.states[row][column]];
      if (at >= 0 && this.stroke) act("move", found, event);
      if (at < 0) {
        if (this.options.strokes?.()) {
          this.stroke = !this.stroke;
          act(this.stroke ? "down" : "up", found, event);
        } else {
          act("down", found, event);
          act("up", found, event);
        }
      }
      this.read(found[2]);
    }
    this.figure.redraw();
  }

  /* Drawing. */

  draw(pen, width) {
    heading(pen, this.options.title(), width);
    const { content } = this;
    if (!content?.layout) return;
    this.measure(width);
    if (content.layout.positions) this.drawNodes(pen);
    else this.drawCells(pen);
    (content.paths || []).forEach((path) => this.drawPath(pen, path));
    for (const { at, colour } of content.dots || []) pen.circle(...at, Math.max(2.5, (this.cell || 26) * 0.13), { fill: colour, stroke: "#fff", width: 1 });
    if (content.selected !== null && content.selected !== undefined) this.outline(pen, content.selected, "#fff", INK);
    if (this.focused && this.cursor) {
      const [x, y] = content.layout.positions ? this.points[this.cursor[1]] : [1 + (this.cursor[1] + 0.5) * this.cell, TITLE + (this.cursor[0] + 0.5) * this.cell];
      const r = content.layout.positions ? this.radius + 4 : this.cell / 2 - 1;
      pen.path([[x - r, y - r], [x + r, y - r], [x + r, y + r], [x - r, y + r]], { stroke: this.stroke ? "#d00000" : "#000", width: 2, dash: [4, 3], close: true });
    }
    if (content.scale && !this.options.small) this.drawBar(pen, width);
  }

  outline(pen, state, outer, inner) {
    const [x, y] = this.centre(state);
    if (this.content.layout.positions) {
      pen.circle(x, y, this.radius + 3, { stroke: inner, width: 2.4 });
      return;
    }
    const r = this.cell / 2;
    pen.rect(x - r + 1, y - r + 1, 2 * r - 2, 2 * r - 2, { stroke: outer, width: 4 });
    pen.rect(x - r + 1, y - r + 1, 2 * r - 2, 2 * r - 2, { stroke: inner, width: 2 });
  }

  drawCells(pen) {
    const { layout, values, scale, policy, unseen, drawing, numbers } = this.content;
    const c = this.cell;
    const letters = drawing ? rowsOf(drawing) : null;
    for (let row = 0; row < layout.rows; row += 1) {
      for (let column = 0; column < layout.columns; column += 1) {
        const state = layout.states[row][column];
        const [x, y] = [1 + column * c, TITLE + row * c];
        const letter = letters ? letters[row][column] : state < 0 ? "#" : ".";
        if (state < 0) {
          pen.rect(x, y, c + 0.4, c + 0.4, { fill: letters || !this.content.sparse ? WALL : "#fff" });
          continue;
        }
        const value = values ? values[state] : null;
        const known = scale && value !== null && value !== undefined;
        pen.rect(x, y, c + 0.4, c + 0.4, { fill: known ? scale.colour(value) : values ? EMPTY : "#fff" });
        const ink = known ? scale.ink(value) : INK;
        if (unseen && unseen[state] && c > 6) {
          for (const t of [0.35, 0.7, 1.05, 1.4]) pen.path([[x + Math.max(0, t - 1) * c, y + Math.min(1, t) * c], [x + Math.min(1, t) * c, y + Math.max(0, t - 1) * c]], { stroke: ink, width: 0.8, alpha: 0.55 });
        }
        if (c >= 12) pen.rect(x, y, c, c, { stroke: "rgba(0,0,0,.10)", width: 0.6 });
        if (policy && c >= 9) this.drawArrows(pen, policy[state], x + c / 2, y + c / 2, c, ink);
        if (letter !== "." && letter !== "#" && c >= 9) {
          const busy = policy || numbers;
          const r = c * (busy ? 0.15 : 0.26);
          sign(pen, letter, busy ? x + r + 2.5 : x + c / 2, busy ? y + r + 2.5 : y + c / 2, r, INK);
        }
        if (numbers && known && c >= 30) pen.text(x + c / 2, y + c * 0.62, show(value, 2), { size: Math.min(13, c * 0.3), align: "center", fill: ink });
      }
    }
    pen.rect(1, TITLE, layout.columns * c, layout.rows * c, { stroke: WALL, width: 1 });
  }

  drawArrows(pen, chances, x, y, c, ink) {
    if (!chances) return;
    chances.forEach((p, a) => {
      if (!p || p < 0.015) return;
      if (a === 4) {
        pen.circle(x, y, Math.max(0.8, 0.15 * c * Math.sqrt(p)), { fill: ink });
        return;
      }
      const [dy, dx] = STEPS[a];
      const long = (0.06 + 0.38 * p) * c;
      const wide = Math.max(0.6, 0.095 * c * Math.sqrt(p));
      const tip = [x + dx * long, y + dy * long];
      const head = Math.min(long * 0.75, 0.16 * c * Math.sqrt(p) + 1);
      const neck = [x + dx * (long - head), y + dy * (long - head)];
      pen.path([[x, y], neck], { stroke: ink, width: wide * 0.7 });
      pen.path([tip, [neck[0] - dy * wide, neck[1] - dx * wide], [neck[0] + dy * wide, neck[1] + dx * wide]], { fill: ink, close: true });
    });
  }

  drawNodes(pen) {
    const { layout, values, scale, unseen, sizes, marked } = this.content;
    for (const [a, b] of layout.edges) pen.path([this.points[a], this.points[b]], { stroke: LINE, width: Math.max(1, this.radius * 0.3) });
    const most = sizes ? Math.max(...sizes, 1e-9) : 1;
    this.points.forEach(([x, y], state) => {
      const value = values ? values[state] : null;
      const known = scale && value !== null && value !== undefined;
      const r = sizes ? Math.max(2, this.radius * 1.35 * Math.sqrt(sizes[state] / most)) : this.radius;
      pen.circle(x, y, r, { fill: known ? scale.colour(value) : EMPTY, stroke: unseen && unseen[state] ? "#d00000" : INK, width: 0.9 });
    });
    for (const { state, text, ring } of marked || []) {
      const [x, y] = this.points[state];
      if (ring) pen.circle(x, y, this.radius + 3.5, { stroke: "#d00000", width: 2 });
      const left = x > this.figure.width - 70;
      pen.text(left ? x - 4 : x + 4, y - this.radius - 10, text, { size: 12, weight: 700, halo: "#fff", align: left ? "right" : "left" });
    }
  }

  drawPath(pen, { states, colour, width = 2, faint = false, shift = 0, open = false }) {
    const points = states.map((state) => this.centre(state)).map(([x, y]) => [x + shift, y + shift]);
    const wide = Math.max(1, Math.min(width, (this.cell || 20) * 0.16));
    if (!faint && points.length > 1) pen.path(points, { stroke: "#fff", width: wide + 2, alpha: 0.7 });
    pen.path(points, { stroke: colour, width: wide, alpha: faint ? 0.3 : 1, dash: open ? [5, 4] : [] });
    if (!faint) {
      pen.circle(...points[0], wide + 1.2, { fill: "#fff", stroke: colour, width: 1.6 });
      pen.circle(...points[points.length - 1], wide + 1.6, { fill: colour, stroke: "#fff", width: 1 });
    }
  }

  drawBar(pen, width) {
    const { scale, layout, unit } = this.content;
    const y = TITLE + (layout.positions ? this.tall : this.cell * layout.rows) + 8;
    const long = Math.min(110, width * 0.3);
    for (let i = 0; i < 22; i += 1) {
      const share = (i + 0.5) / 22;
      pen.rect(40 + (i * long) / 22, y, long / 22 + 0.5, 9, { fill: scale.colour(scale.low + share * (scale.high - scale.low)) });
    }
    pen.text(36, y + 5, show(scale.low, 2), { size: 11, align: "right", fill: SOFT });
    pen.text(44 + long, y + 5, `${show(scale.high, 2)}${unit ? `  ${unit}` : ""}`, { size: 11, fill: SOFT });
  }
}
