// Chapter 1: one decision.

import { BLUE, INK, ORANGE, SOFT } from "../colours.js";
import { button, group, slider } from "../controls.js";
import { barFigure, curveFigure } from "../charts.js";
import { fixed, h, show } from "../dom.js";
import { equation } from "../equation.js";

export default {
  build(page, { figures, controls, explain }) {
    let answer = null;
    const groups = () => answer && [
      { label: "α → 0: greedy", colour: SOFT, bars: bars(answer.cold.policy) },
      { label: `α = ${show(page.state.alpha)}`, strong: true, bars: bars(answer.policy) },
      { label: "α → ∞: uniform", colour: SOFT, bars: bars(answer.hot.policy) },
    ];
    const bars = (policy) => policy.map((value, i) => ({ value, colour: i ? ORANGE : BLUE }));
    const legend = () => [[`action 1, reward ${show(page.state.r1)}`, BLUE], [`action 2, reward ${show(page.state.r2)}`, ORANGE]];
    const chances = barFigure({
      name: "chances", groups, height: () => Math.max(190, Math.min(330, (innerHeight - 150) / 2, innerWidth * 0.56)), legend, digits: 13, decimals: 4,
      title: () => "Probability of each action, between its two limits",
      label: () => answer && `Probabilities ${fixed(answer.policy[0], 4)} and ${fixed(answer.policy[1], 4)}`,
    });
    const path = curveFigure({
      name: "curve", height: () => Math.max(190, Math.min(330, (innerHeight - 150) / 2, innerWidth * 0.56)), xLog: true,
      title: () => "Probability of action 1 at every temperature",
      xLabel: "temperature α (each step ten times hotter)", yLabel: "π(1)",
      label: () => answer && `Probability of action 1 against temperature; now ${fixed(answer.policy[0], 4)}`,
      data: () => answer && {
        x: [0.01, 100], y: [0, 1.04],
        levels: [{ y: 0.5, text: "uniform, 0.5", below: true }],
        curves: [{ points: answer.curve.alpha.map((a, i) => [a, answer.curve.policy[i]]), colour: BLUE }],
        marks: [{ x: page.state.alpha, y: answer.policy[0], colour: INK, text: fixed(answer.policy[0], 4), lift: answer.policy[0] > 0.9 ? 14 : -12 }],
      },
    });
    figures.append(page.figure(chances), page.figure(path));
    controls.append(
      group("Rewards", slider(page, "r1", { label: "r₁" }), slider(page, "r2", { label: "r₂" })),
      group("Temperature", slider(page, "alpha", { label: "α", hint: true }),
        h("div", { className: "row" },
          button("α = 0.01", () => page.set({ alpha: 0.01 })), button("1", () => page.set({ alpha: 1 })),
          button("100", () => page.set({ alpha: 100 })))),
      h("p", { className: "note" }, "Only the difference of the rewards, measured in units of α, decides. Try to halve α and both rewards."));
    const numbers = h("div", { className: "worked", "aria-live": "off" });
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equation in force"),
      equation("V = {alpha:α} 'log' [ 'exp'({r1:r_1}/{alpha:α}) + 'exp'({r2:r_2}/{alpha:α}) ]"),
      equation("π(i) = 'exp'( ({r1:r_i} − V) / {alpha:α} )"),
      h("h2", {}, "With your numbers"), numbers));

    return {
      draw(result, { r1, r2, alpha }) {
        answer = result;
        const [a, x, y, V] = [show(alpha), show(r1), show(r2), fixed(result.V, 4)];
        numbers.replaceChildren(
          equation(`V = {alpha:${a}} 'log' [ 'exp'({r1:${x}}/{alpha:${a}}) + 'exp'({r2:${y}}/{alpha:${a}}) ] = '${V}'`),
          equation(`π(1) = 'exp'( ({r1:${x}} − ${V}) / {alpha:${a}} ) = '${fixed(result.policy[0], 4)}'`),
          equation(`π(2) = 'exp'( ({r2:${y}} − ${V}) / {alpha:${a}} ) = '${fixed(result.policy[1], 4)}'`));
        Object.assign(numbers.dataset, { v: result.V, p1: result.policy[0], p2: result.policy[1] });
        chances.redraw();
        path.redraw();
      },
    };
  },
};
