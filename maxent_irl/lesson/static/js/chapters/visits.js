// Chapter 4: where the agent goes.

import { BLUE, scaleOf } from "../colours.js";
import { curveFigure } from "../charts.js";
import { button, group, slider } from "../controls.js";
import { fixed, h, show } from "../dom.js";
import { equation } from "../equation.js";
import { MapView } from "../map.js";
import { painting } from "../painting.js";

const COLOURS = ["#c25a00", "#7b3fa0", "#00785a", "#1b65ab", "#b0005d", "#6b5900"];
const STEP = 170; // milliseconds of a decision in the animation

export default {
  build(page, { figures, controls, explain }) {
    let answer = null;
    let began = null;
    let frame = 0;
    const paint = painting(page, "#.GmfS");
    const maxHeight = () => Math.max(200, Math.min(400, innerHeight - 260));
    const onCell = (phase, found) => paint.stroke(phase, found);
    const at = (view, s) => { const [row, column] = view.cellOf(s); return `cell (${row}, ${column})`; };
    const read = (view) => (s) => answer && `${at(view, s)}: expected ${show(answer.expected[s])} visits, sampled ${show(answer.sampled[s])}`;
    const expected = new MapView({ name: "expected", maxHeight, onCell, title: () => "Expected discounted visits", read: (s) => read(expected)(s) });
    const sampled = new MapView({ name: "sampled", maxHeight, onCell, title: () => `Visits of ${page.state.paths} sampled path${page.state.paths === 1 ? "" : "s"}`, read: (s) => read(sampled)(s) });
    const shrink = curveFigure({
      name: "differences", height: () => Math.max(180, Math.min(300, innerHeight - 470)), xLog: true, yLog: true,
      title: () => "How far the samples are off", xLabel: "sampled paths", yLabel: "largest difference in a cell",
      label: () => answer && `Largest difference ${fixed(answer.difference, 3)} with ${page.state.paths} paths`,
      data: () => {
        if (!answer) return null;
        const points = answer.differences.filter(([, d]) => d > 0);
        const sizes = points.map(([, d]) => d);
        return { x: [1, 1000], y: [Math.min(0.03, ...sizes) * 0.8, Math.max(1, ...sizes) * 1.2], curves: [{ points, colour: BLUE, dots: true }] };
      },
    });
    figures.append(h("div", { className: "pair" }, expected.element, sampled.element), page.figure(shrink));
    page.figures.unshift(expected.figure, sampled.figure);

    paint.follow((tool) => [expected, sampled].forEach((map) => map.grab(tool !== "look")));

    const content = () => ({ layout: answer.layout, values: answer.sampled, scale: scale(), drawing: page.state.grid, unit: "visits" });
    const scale = () => scaleOf([0, ...answer.expected]);
    const still = () => sampled.show({ ...content(), paths: answer.paths.slice(0, 6).map((states, i) => ({ states, colour: COLOURS[i], width: 2, shift: (i - 2.5) * 1.6 })) });
    const moving = (now) => {
      const t = (now - began) / STEP;
      const longest = Math.max(...answer.paths.map((p) => p.length)) - 1;
      if (t > longest) { stop(); return; }
      const dots = answer.paths.map((states, i) => {
        const k = Math.min(states.length - 1, Math.floor(t));
        const next = Math.min(states.length - 1, k + 1);
        const [x0, y0] = sampled.centre(states[k]);
        const [x1, y1] = sampled.centre(states[next]);
        const share = Math.min(1, t - k);
        const shift = ((i % 5) - 2) * 2;
        return { at: [x0 + (x1 - x0) * share + shift, y0 + (y1 - y0) * share + shift], colour: COLOURS[i % 6] };
      });
      const trails = answer.paths.slice(0, 6).map((states, i) => ({ states: states.slice(0, Math.min(states.length, Math.floor(t) + 1)), colour: COLOURS[i], faint: true, shift: (i - 2.5) * 1.6 }));
      sampled.show({ ...content(), dots, paths: trails });
      frame = requestAnimationFrame(moving);
    };
    const play = button("▶ Walk the paths", () => {
      if (began !== null) { stop(); return; }
      if (!answer) return;
      began = performance.now();
      play.textContent = "❚❚ Stop";
      frame = requestAnimationFrame(moving);
    }, { className: "primary play", data: { tool: "walk" } });
    const stop = () => {
      cancelAnimationFrame(frame);
      began = null;
      play.textContent = "▶ Walk the paths";
      if (answer) still();
    };
    page.onLeave(() => cancelAnimationFrame(frame));
    controls.append(
      group("Paths", slider(page, "paths"), h("div", { className: "row" }, play,
        button("Draw others", () => page.set({ seed: (page.state.seed + 1) % 10000 }), { data: { tool: "reseed" } }))),
      group("The agent", slider(page, "gamma"), slider(page, "alpha"), slider(page, "slip")),
      group("Rewards", slider(page, "goal"), slider(page, "mud"), slider(page, "flowers")),
      group("Paint the grid", paint.element));
    const totals = h("div", { className: "worked" });
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equation in force"),
      equation("d(s) = Σ_t {gamma:γ}^t p(s_t = s)"),
      equation("d = p_0 + {gamma:γ} P_π^{'T'} d"),
      h("p", { className: "hint" }, "One linear solve gives the expected visits of all cells. Sampled paths scatter around them."),
      totals));
    return {
      draw(result, state) {
        answer = result;
        if (began !== null) stop();
        expected.show({ layout: result.layout, values: result.expected, scale: scale(), policy: result.policy, drawing: state.grid, unit: "visits" });
        still();
        shrink.redraw();
        totals.replaceChildren(
          h("h2", {}, "With your numbers"),
          h("table", {}, h("tbody", {},
            h("tr", {}, h("th", {}, "all expected visits together"), h("td", {}, h("strong", {}, fixed(result.total, 3)))),
            h("tr", {}, h("th", { className: "term", data: { term: "gamma" } }, `1 / (1 − ${show(state.gamma)})`), h("td", {}, fixed(1 / (1 - state.gamma), 3))),
            h("tr", {}, h("th", {}, `of the samples, in ${result.steps} decisions`), h("td", {}, fixed(result.sampled_total, 3))),
            h("tr", {}, h("th", {}, "largest difference in a cell"), h("td", {}, fixed(result.difference, 3))))),
          h("p", { className: "hint" }, "Take four times as many paths, and the difference is about halved."));
        totals.dataset.total = result.total;
      },
      changed(names) {
        if (names.includes("seed") || names.includes("paths")) { cancelAnimationFrame(frame); began = null; play.textContent = "▶ Walk the paths"; }
      },
    };
  },
};
