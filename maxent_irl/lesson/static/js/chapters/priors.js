// Chapter 6: the prior is the knob.

import { BLUE, GREEN, GREY, INK, ORANGE, PURPLE } from "../colours.js";
import { button, choice, group, slider } from "../controls.js";
import { barFigure, curveFigure } from "../charts.js";
import { fixed, fresh, h, show } from "../dom.js";
import { equation } from "../equation.js";

const ROUTES = [["prior", "prior", GREY], ["exact", "exact posterior", INK], ["kl", "KL control", BLUE], ["dpo", "DPO", ORANGE], ["ppo", "PPO", PURPLE]];

export default {
  build(page, { figures, controls, explain }) {
    let answer = null;
    let tuned = null; // PPO's answer, as long as it belongs to the screen
    const { completions } = page.facts;
    const value = (name, i) => (name === "ppo" ? tuned?.ppo[i] : answer[name][i]);
    const most = () => Math.min(1, 1.12 * Math.max(0.25, ...ROUTES.flatMap(([name]) => completions.map((_, i) => value(name, i) ?? 0))));
    const chances = barFigure({
      name: "completions", height: () => Math.max(240, Math.min(340, (innerHeight - 150) / 2, innerWidth * 0.56)), top: most, decimals: 2, digits: 10,
      title: () => "Probability of each completion",
      legend: () => ROUTES.filter(([name]) => name !== "ppo" || tuned).map(([, text, colour]) => [text, colour]),
      label: () => answer && `Exact posterior: ${completions.map((c, i) => `${c} ${fixed(answer.exact[i], 3)}`).join(", ")}`,
      groups: () => answer && completions.map((text, i) => ({
        label: text, bars: ROUTES.filter(([name]) => name !== "ppo" || tuned).map(([name, , colour]) => ({ value: value(name, i), colour })),
      })),
    });
    const frontier = curveFigure({
      name: "frontier", height: () => Math.max(210, Math.min(320, (innerHeight - 170) / 2)),
      title: () => "Reward against distance from the prior", xLabel: "KL(π ‖ prior), nats", yLabel: "expected reward",
      label: () => answer && `At this temperature: reward ${fixed(answer.at.kl[0], 3)}, divergence ${fixed(answer.at.kl[1], 3)} nats`,
      data: () => {
        if (!answer) return null;
        const { reward, divergence } = answer.frontier;
        const marks = [["prior", "prior", GREY, -10], ["kl", `β = ${show(page.state.beta)}`, BLUE, 15], ["dpo", "", ORANGE, 0]].map(([name, text, colour, lift]) => ({ x: answer.at[name][1], y: answer.at[name][0], colour, text, lift }));
        if (tuned) marks.push({ x: tuned.at[1], y: tuned.at[0], colour: PURPLE, text: "PPO", lift: -10 });
        return {
          x: [0, 1.05 * Math.max(...divergence, ...marks.map((m) => m.x), 1e-3)],
          y: [Math.min(...reward, ...marks.map((m) => m.y)) - 0.02, Math.max(...reward, ...marks.map((m) => m.y)) + 0.05],
          curves: [{ points: divergence.map((d, i) => [d, reward[i]]).sort((a, b) => a[0] - b[0]), colour: GREEN, text: "largest reward at each distance", textAt: 9, lift: -12 }],
          marks,
        };
      },
    });
    figures.append(page.figure(chances), page.figure(frontier));
    const many = (name, low, high, step, label) => h("div", { className: "many", data: { control: name } }, completions.map((text, i) => {
      const id = fresh(name);
      const output = h("output", { htmlFor: id });
      const change = (how) => page.set({ [name]: page.state[name].map((v, j) => (j === i ? Number(input.value) : v)) }, how);
      const input = h("input", { type: "range", id, min: low, max: high, step, "aria-label": `${label} of ${text}`, data: { field: `${name}-${i}` },
        oninput: () => change("dragging"), onchange: () => change("commit") });
      page.bind(name, (values) => { input.value = values[i]; output.textContent = show(values[i]); });
      return h("div", { className: "many-row" }, h("label", { htmlFor: id }, text), input, output);
    }));
    const shown = group("Demonstrations of each", many("shown", 0, 20, 1, "demonstrations"));
    controls.append(
      group("The knob", choice(page, "prior")),
      group("Temperature", slider(page, "beta", { label: "β", hint: true })),
      group("Reward of each completion", many("scores", -3, 3, 0.1, "reward")),
      shown,
      group("Samples", slider(page, "pairs", { label: "preferences for DPO" }), slider(page, "iterations", { label: "PPO iterations" }),
        h("div", { className: "row" }, button("Run PPO", runPpo, { className: "primary", data: { tool: "ppo" } }))));
    page.bind("prior", (prior) => { shown.hidden = prior !== "demonstrated"; });
    const table = h("div", { className: "worked" });
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equation in force"),
      equation("π(y) ∝ {prior:p(y)} 'exp'( {scores:r(y)} / {beta:β} )"),
      h("p", { className: "hint" }, "It maximises reward less β times the divergence from the prior. Uniform prior: soft actor-critic. Pretrained: RLHF. Demonstrated: imitation, improved."),
      h("h2", {}, "How accurate are the methods?"), table,
      h("p", { className: "hint" }, "KL control solves the equation. DPO sees only comparisons. PPO sees only its own samples.")));
    async function runPpo() {
      const { prior, beta, scores, shown: seen, iterations } = page.state;
      const key = JSON.stringify([prior, beta, scores, seen, iterations]);
      try {
        const answered = await page.ask("ppo");
        const now = page.state;
        if (key !== JSON.stringify([now.prior, now.beta, now.scores, now.shown, now.iterations])) return;
        tuned = { ...answered, key };
        redraw();
      } catch (error) {
        table.append(h("p", { className: "problem" }, error.message));
      }
    }
    function redraw() {
      const named = ROUTES.filter(([name]) => name !== "ppo" || tuned);
      const distance = (name) => Math.max(...completions.map((_, i) => Math.abs(value(name, i) - answer.exact[i])));
      table.replaceChildren(h("table", {},
        h("thead", {}, h("tr", {}, h("th", {}, ""), named.map(([name, text]) => h("th", {}, name === "exact" ? "exact" : name === "kl" ? "KL" : text)))),
        h("tbody", {}, completions.map((text, i) => h("tr", {}, h("th", {}, text), named.map(([name]) => h("td", { data: { chance: `${name}-${i}` } }, fixed(value(name, i), 3))))),
          h("tr", {}, h("th", {}, "largest error"), named.map(([name]) => h("td", {}, name === "prior" || name === "exact" ? "" : h("strong", {}, distance(name) < 5e-7 ? "0" : fixed(distance(name), 3))))))));
      if (!answer.dpo_converged) table.append(h("p", { className: "hint" }, "DPO did not converge."));
      chances.redraw();
      frontier.redraw();
    }
    return {
      draw(result, { prior, beta, scores, shown: seen, iterations }) {
        answer = result;
        if (tuned && tuned.key !== JSON.stringify([prior, beta, scores, seen, iterations])) tuned = null;
        redraw();
      },
    };
  },
};
