// Figures: drawn once through a pen, on a canvas for the screen or as SVG for a file.

import { h, fresh } from "./dom.js";
import { INK } from "./colours.js";

const FONT = 'system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", Arial, sans-serif';

/** Draws on a canvas. */
class CanvasPen {
  constructor(context) {
    this.c = context;
  }
  rect(x, y, w, height, { fill, stroke, width = 1 } = {}) {
    const c = this.c;
    if (fill) { c.fillStyle = fill; c.fillRect(x, y, w, height); }
    if (stroke) { c.strokeStyle = stroke; c.lineWidth = width; c.strokeRect(x, y, w, height); }
  }
  path(points, { fill, stroke, width = 1, dash = [], close = false, alpha = 1 } = {}) {
    if (!points.length) return;
    const c = this.c;
    c.globalAlpha = alpha;
    c.beginPath();
    c.moveTo(points[0][0], points[0][1]);
    for (let i = 1; i < points.length; i += 1) c.lineTo(points[i][0], points[i][1]);
    if (close) c.closePath();
    if (fill) { c.fillStyle = fill; c.fill(); }
    if (stroke) {
      c.strokeStyle = stroke; c.lineWidth = width; c.lineJoin = c.lineCap = "round";
      c.setLineDash(dash); c.stroke(); c.setLineDash([]);
    }
    c.globalAlpha = 1;
  }
  circle(x, y, r, { fill, stroke, width = 1 } = {}) {
    const c = this.c;
    c.beginPath();
    c.arc(x, y, r, 0, 2 * Math.PI);
    if (fill) { c.fillStyle = fill; c.fill(); }
    if (stroke) { c.strokeStyle = stroke; c.lineWidth = width; c.stroke(); }
  }
  text(x, y, text, { size = 12, fill = INK, align = "left", weight = 400, italic = false, halo } = {}) {
    const c = this.c;
    c.font = `${italic ? "italic " : ""}${weight} ${size}px ${FONT}`;
    c.textAlign = align;
    c.textBaseline = "middle";
    if (halo) { c.strokeStyle = halo; c.lineWidth = 3; c.lineJoin = "round"; c.strokeText(text, x, y); }
    c.fillStyle = fill;
    c.fillText(text, x, y);
  }
}

/** A figure's title, smaller where the figure is narrow. */
export function heading(pen, text, width, x = 1) {
  const size = Math.max(10.5, Math.min(13, (width - x) / (0.605 * text.length)));
  pen.text(x, 10, text, { size: Math.round(size * 2) / 2, weight: 600 });
}

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const n = (x) => String(Math.round(x * 100) / 100);

/** Writes SVG. */
class SvgPen {
  constructor() {
    this.parts = [];
  }
  static paint({ fill, stroke, width = 1, dash = [], alpha = 1 }) {
    return `fill="${fill || "none"}"${stroke ? ` stroke="${stroke}" stroke-width="${n(width)}"` : ""}` +
      (dash.length ? ` stroke-dasharray="${dash.join(" ")}"` : "") + (alpha < 1 ? ` opacity="${alpha}"` : "");
  }
  rect(x, y, w, height, style = {}) {
    this.parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(height)}" ${SvgPen.paint(style)}/>`);
  }
  path(points, style = {}) {
    if (!points.length) return;
    const d = points.map(([x, y], i) => `${i ? "L" : "M"}${n(x)} ${n(y)}`).join("") + (style.close ? "Z" : "");
    this.parts.push(`<path d="${d}" stroke-linejoin="round" stroke-linecap="round" ${SvgPen.paint(style)}/>`);
  }
  circle(x, y, r, style = {}) {
    this.parts.push(`<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}" ${SvgPen.paint(style)}/>`);
  }
  text(x, y, text, { size = 12, fill = INK, align = "left", weight = 400, italic = false, halo } = {}) {
    const anchor = { left: "start", center: "middle", right: "end" }[align];
    this.parts.push(
      `<text x="${n(x)}" y="${n(y)}" dy=".35em" font-size="${size}" text-anchor="${anchor}" fill="${fill}"` +
      (weight !== 400 ? ` font-weight="${weight}"` : "") + (italic ? ' font-style="italic"' : "") +
      (halo ? ` stroke="${halo}" stroke-width="3" paint-order="stroke"` : "") + `>${escape(text)}</text>`);
  }
}

/**
 * A drawing that fills the width of its place.
 * `measure(width)` gives its height, `draw(pen, width, height)` draws it; `label()` says in words what it shows.
 */
export class Figure {
  constructor({ measure, draw, label, interactive = false, name = "" }) {
    this.measure = measure;
    this.paint = draw;
    this.describe = label;
    this.canvas = h("canvas", {
      role: interactive ? "application" : "img",
      tabIndex: interactive ? 0 : -1,
      id: fresh("figure"),
      data: { figure: name },
    });
    this.element = h("div", { className: "figure" }, this.canvas);
    this.width = this.height = 0;
    new ResizeObserver(() => this.redraw()).observe(this.element);
  }

  redraw() {
    const width = Math.floor(this.element.clientWidth);
    if (width < 10) return;
    const height = Math.ceil(this.measure(width));
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    if (width !== this.width || height !== this.height || ratio !== this.ratio) {
      [this.width, this.height, this.ratio] = [width, height, ratio];
      this.canvas.width = width * ratio;
      this.canvas.height = height * ratio;
      this.canvas.style.height = `${height}px`;
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.paint(new CanvasPen(context), width, height);
    if (this.describe) this.canvas.setAttribute("aria-label", this.describe());
  }

  /** Position of a pointer event in the drawing. */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

/** Where figures stand relative to the first one's corner, and the size of all of them together. */
function arrange(figures) {
  const boxes = figures.map((figure) => figure.canvas.getBoundingClientRect());
  const left = Math.min(...boxes.map((b) => b.left));
  const top = Math.min(...boxes.map((b) => b.top));
  return {
    places: boxes.map((b) => [b.left - left, b.top - top]),
    width: Math.max(...boxes.map((b) => b.right)) - left,
    height: Math.max(...boxes.map((b) => b.bottom)) - top,
  };
}

/** All figures of a screen as one SVG. */
export function asSvg(figures) {
  const seen = figures.filter((figure) => figure.canvas.clientWidth > 0);
  const { places, width, height } = arrange(seen);
  const parts = seen.map((figure, i) => {
    const pen = new SvgPen();
    figure.paint(pen, figure.width, figure.height);
    return `<g transform="translate(${n(places[i][0])} ${n(places[i][1])})">${pen.parts.join("")}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" ` +
    `viewBox="0 0 ${n(width)} ${n(height)}" font-family="${escape(FONT)}"><rect width="100%" height="100%" fill="#fff"/>` +
    `${parts.join("")}</svg>`;
}

/** All figures of a screen as one PNG, twice as fine as the screen. */
export function asPng(figures) {
  const seen = figures.filter((figure) => figure.canvas.clientWidth > 0);
  const { places, width, height } = arrange(seen);
  const canvas = h("canvas", { width: Math.ceil(width * 2), height: Math.ceil(height * 2) });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  seen.forEach((figure, i) => {
    context.setTransform(2, 0, 0, 2, places[i][0] * 2, places[i][1] * 2);
    figure.paint(new CanvasPen(context), figure.width, figure.height);
  });
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
