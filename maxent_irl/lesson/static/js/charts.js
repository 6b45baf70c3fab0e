// Bars and curves.

import { BLUE, GREY, INK, LINE, ORANGE, SOFT } from "./colours.js";
import { Figure, heading } from "./scene.js";
import { fixed, show } from "./dom.js";

/**
 * Groups of bars between 0 and 1 (or `top`). `groups()` gives [{label, bars: [{value, colour, text, mark}]}].
 */
export function barFigure({ groups, height = 200, title, legend, top = () => 1, label, name, decimals = 3, digits = 11 }) {
  return new Figure({
    name,
    label,
    measure: () => (typeof height === "function" ? height() : height),
    draw(pen, width, tall) {
      const data = groups();
      if (!data) return;
      const most = top();
      const [left, right, up, down] = [8, width - 8, legend ? 46 : 28, tall - 24];
      heading(pen, title(), width);
      if (legend) {
        let x = left;
        for (const [text, colour] of legend()) {
          pen.rect(x, 24, 10, 10, { fill: colour });
          pen.text(x + 14, 29, text, { size: 11, fill: SOFT });
          x += 28 + text.length * 5.9;
        }
      }
      const slot = (right - left) / data.length;
      data.forEach((group, i) => {
        const gap = Math.min(18, slot * 0.14);
        const wide = (slot - gap) / group.bars.length;
        group.bars.forEach((bar, j) => {
          if (bar.value === null || bar.value === undefined) return;
          const x = left + i * slot + gap / 2 + j * wide;
          const size = Math.max(0.8, ((down - up - 14) * bar.value) / most);
          pen.rect(x + wide * 0.07, down - size, wide * 0.86, size, { fill: bar.colour });
          const text = bar.text ?? fixed(bar.value, decimals);
          if (text && wide > text.length * digits * 0.6) pen.text(x + wide / 2, down - size - 8, text, { size: digits, align: "center" });
        });
        pen.text(left + (i + 0.5) * slot, down + 12, group.label, { size: 12, align: "center", fill: group.colour || INK, weight: group.strong ? 600 : 400 });
      });
      pen.path([[left, down], [right, down]], { stroke: LINE });
    },
  });
}

/** Bars to either side of zero, one a row. `rows()` gives [{label, value}]; `scale()` the longest bar. */
export function signedBars({ rows, title, scale, label, name, most = 9 }) {
  const shown = () => (rows() || []).slice(0, most);
  return new Figure({
    name,
    label,
    measure: () => 28 + 22 * Math.max(1, shown().length),
    draw(pen, width) {
      heading(pen, title(), width);
      const data = shown();
      if (!data.length) {
        pen.text(4, 36, "nothing yet", { size: 12, fill: SOFT });
        return;
      }
      const named = Math.min(width * 0.34, 110);
      const middle = named + (width - named) / 2;
      const reach = (width - named) / 2 - 50;
      const longest = Math.max(scale(), 1e-9);
      pen.path([[middle, 24], [middle, 28 + 22 * data.length]], { stroke: LINE });
      data.forEach(({ label: text, value }, i) => {
        const y = 38 + 22 * i;
        const size = Math.max(-1, Math.min(1, value / longest)) * reach;
        pen.text(named - 6, y, text, { size: 12, align: "right" });
        pen.rect(Math.min(middle, middle + size), y - 7, Math.max(1, Math.abs(size)), 14, { fill: value >= 0 ? BLUE : ORANGE });
        pen.text(size >= 0 ? middle + size + 5 : middle + size - 5, y, fixed(value, 3), { size: 11, align: size >= 0 ? "left" : "right" });
      });
    },
  });
}

const ticksOf = (low, high, log) => {
  if (log) {
    const found = [];
    for (let k = Math.ceil(Math.log10(low) - 1e-9); k <= Math.log10(high) + 1e-9; k += 1) found.push(10 ** k);
    const every = Math.ceil(found.length / 6);
    return found.filter((_, i) => i % every === 0);
  }
  const raw = (high - low) / 4;
  const unit = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map((m) => m * unit).find((s) => s >= raw) || unit;
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) found.push(Math.abs(v) < step * 1e-6 ? 0 : v);
  return found;
};
const tickText = (v, log) => (log && (v >= 1e4 || v < 0.01) ? `10${superscript(Math.round(Math.log10(v)))}` : show(v));
const superscript = (k) => String(k).replace(/[-0-9]/g, (c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]);

/**
 * Curves in a frame. `data()` gives {x: [low, high], y: [low, high], curves: [{points, colour, dash, text, dots}],
 * marks: [{x, y, colour, text}], levels: [{y, text}]} or null.
 */
export function curveFigure({ data, height = 200, title, xLabel, yLabel, xLog = false, yLog = false, label, name }) {
  return new Figure({
    name,
    label,
    measure: () => (typeof height === "function" ? height() : height),
    draw(pen, width, tall) {
      heading(pen, title(), width);
      const shown = data();
      if (!shown) return;
      const [left, right, up, down] = [44, width - 18, 40, tall - 36];
      const to = (range, log, a, b) => (v) => {
        const [low, high] = log ? range.map(Math.log10) : range;
        return a + (((log ? Math.log10(v) : v) - low) / (high - low || 1)) * (b - a);
      };
      const X = to(shown.x, xLog, left, right);
      const Y = to(shown.y, yLog, down, up);
      for (const v of ticksOf(...shown.x, xLog)) {
        pen.path([[X(v), up], [X(v), down]], { stroke: "#eef0f1" });
        pen.text(X(v), down + 11, tickText(v, xLog), { size: 11, align: "center", fill: SOFT });
      }
      for (const v of ticksOf(...shown.y, yLog)) {
        pen.path([[left, Y(v)], [right, Y(v)]], { stroke: "#eef0f1" });
        pen.text(left - 5, Y(v), tickText(v, yLog), { size: 11, align: "right", fill: SOFT });
      }
      pen.path([[left, up], [left, down], [right, down]], { stroke: LINE });
      pen.text((left + right) / 2, down + 27, xLabel, { size: 11, align: "center", fill: SOFT });
      pen.text(1, 27, yLabel, { size: 11, fill: SOFT });
      for (const level of shown.levels || []) {
        pen.path([[left, Y(level.y)], [right, Y(level.y)]], { stroke: GREY, dash: [4, 4] });
        pen.text(right - 4, Y(level.y) + (level.below ? 9 : -8), level.text, { size: 11, align: "right", fill: SOFT, halo: "#fff" });
      }
      for (const curve of shown.curves) {
        const points = curve.points.filter(([x, y]) => y !== null && (!yLog || y > 0) && (!xLog || x > 0)).map(([x, y]) => [X(x), Math.min(down, Y(y))]);
        pen.path(points, { stroke: curve.colour, width: 2, dash: curve.dash || [] });
        if (curve.dots) points.forEach(([x, y]) => pen.circle(x, y, 2.6, { fill: curve.colour }));
        if (curve.text && points.length) {
          const [x, y] = points[curve.textAt ?? points.length - 1] || points[points.length - 1];
          const right_ = x > width - 110;
          pen.text(right_ ? x - 7 : x + 7, y + (curve.lift ?? 0), curve.text, { size: 12, fill: curve.colour, weight: 600, align: right_ ? "right" : "left", halo: "#fff" });
        }
      }
      for (const mark of shown.marks || []) {
        pen.circle(X(mark.x), Y(mark.y), 5, { fill: mark.colour, stroke: "#fff", width: 1.5 });
        if (mark.text) {
          const right_ = X(mark.x) > width - 120;
          pen.text(X(mark.x) + (right_ ? -9 : 9), Y(mark.y) + (mark.lift ?? -9), mark.text, { size: 12, weight: 600, fill: mark.colour, align: right_ ? "right" : "left", halo: "#fff" });
        }
      }
    },
  });
}
