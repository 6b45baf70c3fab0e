// Chapter 3: messages and optimism.

import { BLUE, ORANGE, scaleOf } from "../colours.js";
import { choice, group, player, slider } from "../controls.js";
import { barFigure } from "../charts.js";
import { calm, fixed, h, show } from "../dom.js";
import { equation } from "../equation.js";
import { MapView } from "../map.js";
import { painting } from "../painting.js";

const PERCENT = (share) => `${(100 * share).toFixed(1)} %`;

export default {
  build(page, { figures, controls, explain }) {
    let answer = null;
    const paint = painting(page, "#.GcS");
    const onCell = (phase, found) => {
      if (paint.stroke(phase, found)) return;
      if (phase === "down" && found && found[2] >= 0) page.set({ cell: `${found[0]}.${found[1]}` });
    };
    const what = () => ({ value: "value V", where: `where it is at t = ${answer?.time ?? 0}`, message: "log message β from the future" })[page.state.shown];
    const maxHeight = () => Math.max(120, Math.min(230, (innerHeight - 330) / 2));
    const at = (view, state) => { const [row, column] = view.cellOf(state); return `cell (${row}, ${column})`; };
    const exact = new MapView({ name: "exact", onCell, maxHeight, title: () => `Exact inference: ${what()}`,
      read: (s) => answer && `${at(exact, s)}: V exact ${show(answer.exact.V[s], 4)}, variational ${show(answer.variational.V[s], 4)}, gap ${show(answer.gap[s], 3)}` });
    const variational = new MapView({ name: "variational", onCell, maxHeight,
      title: () => `Variational inference: ${page.state.shown === "message" ? "value V" : what()}`,
      read: (s) => answer && `${at(variational, s)}: V variational ${show(answer.variational.V[s], 4)}` });
    const gap = new MapView({ name: "gap", onCell, maxHeight, title: () => "Gap: exact − variational",
      read: (s) => answer && `${at(gap, s)}: gap ${show(answer.gap[s], 3)}` });
    const wind = barFigure({
      name: "wind", height: 208, decimals: 3, digits: 12,
      legend: () => [["true wind", BLUE], ["believed wind", ORANGE]],
      title: () => {
        if (!answer) return "What the wind does";
        const action = ["right", "down", "left", "up", "stay"][answer.cell.action];
        return `Where “${action}” leads from cell (${answer.cell.row}, ${answer.cell.column})`;
      },
      label: () => answer && answer.cell.outcomes.map((o) => `cell ${o.cell}: true ${fixed(o.true, 3)}, believed ${fixed(o.believed, 3)}`).join("; "),
      groups: () => answer && (answer.cell.outcomes.length
        ? answer.cell.outcomes.map((o) => ({
          label: place(o), bars: [{ value: o.true, colour: BLUE }, { value: o.believed, colour: ORANGE }],
        }))
        : [{ label: "the episode is over in this cell: select another", bars: [] }]),
    });
    const place = ({ cell: [row, column] }) => {
      const letter = page.state.grid.split("/")[row][column];
      const named = { c: "the cliff", G: "the goal", S: "the start" }[letter];
      return named ? `${named} (${row}, ${column})` : `cell (${row}, ${column})`;
    };
    paint.follow((tool) => [exact, variational, gap].forEach((map) => map.grab(tool !== "look")));
    figures.append(h("div", { className: "pair" }, exact.element, variational.element, gap.element, page.figure(wind)));
    page.figures.unshift(exact.figure, variational.figure, gap.figure);

    const play = player({ play: "▶ Play t", pause: "❚❚ Pause", begin: () => {
      page.set({ time: 0, shown: page.state.shown === "value" ? "where" : page.state.shown }, "replace");
    } }, calm() ? 1 : 3, () => {
      if (page.state.time >= page.state.horizon - 1) return false;
      page.set({ time: page.state.time + 1 }, "replace");
      return true;
    });
    page.onLeave(play.stop);
    controls.append(
      group("Wind and rewards", slider(page, "wind", { hint: true }), slider(page, "goal"), slider(page, "cliff"), slider(page, "step")),
      group("Inference", slider(page, "alpha", { label: "temperature α" }), slider(page, "horizon")),
      group("Look", choice(page, "shown", { menu: true }), slider(page, "time"), h("div", { className: "row" }, play.element), choice(page, "action", { menu: true })),
      group("Paint the grid", paint.element));
    const fell = h("div", { className: "worked" });
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equations in force"),
      h("p", { className: "hint" }, "Exact: success is evidence about the wind, too."),
      equation("Q = r + {alpha:α} 'log' E_{s′}[ 'exp'( V(s′)/{alpha:α} ) ]"),
      h("p", { className: "hint" }, "Variational: the wind stays as it is."),
      equation("Q = r + E_{s′}[ V(s′) ]"),
      h("p", { className: "hint" }, "The believed wind, with the message β from the future:"),
      equation("p({wind:s′}|s,a,O) ∝ {wind:P(s′|s,a)} β_{t+1}(s′)"),
      fell));
    return {
      draw(result, state) {
        answer = result;
        const { layout } = result;
        const selected = result.cell.state;
        const drawing = state.grid;
        const common = { layout, drawing, selected };
        if (state.shown === "where") {
          const scale = scaleOf([...result.exact.where, ...result.variational.where, 0]);
          exact.show({ ...common, values: result.exact.where, scale, unit: "probability" });
          variational.show({ ...common, values: result.variational.where, scale, unit: "probability" });
        } else {
          const both = scaleOf([...result.exact.V, ...result.variational.V], "diverging");
          const message = state.shown === "message";
          exact.show({ ...common, values: message ? result.message : result.exact.V, scale: message ? scaleOf(result.message) : both, policy: result.exact.policy, unit: message ? "log β" : "V" });
          variational.show({ ...common, values: result.variational.V, scale: both, policy: result.variational.policy, unit: "V" });
        }
        gap.show({ ...common, values: result.gap, scale: scaleOf([0, ...result.gap]), numbers: true, unit: "reward" });
        wind.redraw();
        fell.replaceChildren(
          h("h2", {}, "Who falls off the cliff?"),
          h("table", {}, h("tbody", {},
            h("tr", {}, h("th", {}, "exact inference, in its belief"), h("td", {}, h("strong", {}, PERCENT(result.fell.exact)))),
            h("tr", {}, h("th", {}, "the exact policy, in the real wind"), h("td", {}, h("strong", {}, PERCENT(result.fell.earned)))),
            h("tr", {}, h("th", {}, "the variational policy, in the real wind"), h("td", {}, h("strong", {}, PERCENT(result.fell.variational)))))),
          h("p", {}, `In the selected cell the value of exact inference is ${show(result.exact.V[selected], 3)}. `,
            `Its policy earns ${show(result.exact.V[selected] - result.optimism[selected], 3)} in the real wind. `,
            `The best that any policy earns is ${show(result.variational.V[selected], 3)}.`),
          h("p", { className: "hint" }, "Values are rewards less the cost of differing from random choice."));
      },
    };
  },
};
