// Chapter 2: soft value iteration.

import { BLUE, ORANGE, scaleOf } from "../colours.js";
import { button, choice, group, player, slider } from "../controls.js";
import { curveFigure } from "../charts.js";
import { calm, fixed, h, show } from "../dom.js";
import { equation } from "../equation.js";
import { MapView } from "../map.js";
import { painting } from "../painting.js";

const ACTIONS = ["right →", "down ↓", "left ←", "up ↑", "stay •"];
const KNOBS = {
  alpha: ["α four times as large", "Every choice becomes more random, near and far alike."],
  gamma: ["γ lower: rewards fade four times as fast", "Choices far from a reward become random, those near it hardly change."],
  prior: ["another prior", "Every choice shifts in the same way, most where values differ little."],
};

export default {
  build(page, { figures, controls, explain }) {
    let answer = null;
    let progress = null;
    let turned = null;
    const paint = painting(page, "#.GmfS");
    const cellText = (layout, state) => {
      const at = map.cellOf(state);
      return at ? `cell (${at[0]}, ${at[1]})` : "";
    };
    const map = new MapView({
      name: "value",
      title: () => {
        if (!answer) return "Value and policy";
        return page.state.method === "sweeps" ? `Value after ${answer.n_iter} sweep${answer.n_iter === 1 ? "" : "s"}` : "Value V (colour) and policy (arrows): the solution";
      },
      describe: () => `Map of the value, ${answer ? `from ${show(Math.min(...known()))} to ${show(Math.max(...known()))}` : ""}. Arrow keys move, Enter ${paint.tool() === "look" ? "selects a cell" : `paints ${paint.tool()}`}.`,
      maxHeight: () => Math.max(240, Math.min(460, innerHeight - 362)),
      onCell: (phase, found) => {
        if (paint.stroke(phase, found)) return;
        if (phase === "down" && found && found[2] >= 0) page.set({ cell: `${found[0]}.${found[1]}` });
      },
      read: (state) => {
        if (!answer || answer.V[state] === undefined) return "";
        const chances = answer.policy ? ACTIONS.map((a, i) => `${a} ${fixed(answer.policy[state][i], 2)}`).join("   ") : "no policy yet";
        return `${cellText(answer.layout, state)}: V = ${show(answer.V[state], 4)}   ${chances}`;
      },
    });
    const known = () => answer.V.filter((v) => v !== null);
    const minis = Object.keys(KNOBS).map((knob, i) => new MapView({
      name: `knob-${knob}`,
      title: () => {
        if (!turned) return KNOBS[knob][0];
        const value = turned.turned[i][knob];
        return knob === "prior" ? `prior: ${value === "right" ? "leans right" : "mostly stays"}` : `${knob === "alpha" ? "α" : "γ"} = ${show(value)}`;
      },
      describe: () => `The same grid with ${KNOBS[knob][0]}`,
      small: true,
      maxHeight: () => 104,
    }));
    const curve = curveFigure({
      name: "progress", height: 158, xLog: true, yLog: true,
      title: () => "How far from the fixed point", xLabel: "sweeps, or Newton steps", yLabel: "largest change",
      label: () => progress && `Value iteration needs more than ${progress.sweeps.length ? progress.sweeps[progress.sweeps.length - 1][0] : 0} sweeps, Newton's method ${progress.newton.length} steps`,
      data: () => progress && {
        x: [1, Math.max(10, progress.sweeps[progress.sweeps.length - 1][0])], y: [1e-10, Math.max(10, ...progress.sweeps.map((p) => p[1]), ...progress.newton.map((p) => p[1]))],
        curves: [
          { points: progress.sweeps, colour: BLUE, text: `${progress.sweeps[progress.sweeps.length - 1][1] > 1e-8 ? "more than " : ""}${progress.sweeps[progress.sweeps.length - 1][0]} sweeps`, lift: -12, textAt: Math.floor(progress.sweeps.length * 0.45) },
          { points: progress.newton.map(([k, r]) => [k, Math.max(r, 1e-10)]), colour: ORANGE, dots: true, text: `Newton: ${progress.newton.length} steps`, lift: -8 },
        ],
      },
    });
    paint.follow((tool) => map.grab(tool !== "look"));
    figures.append(map.element, h("div", { className: "minis" },
      minis.map((mini, i) => h("figure", {}, mini.element, h("figcaption", {}, h("span", { className: "term", data: { term: Object.keys(KNOBS)[i] } }, KNOBS[Object.keys(KNOBS)[i]][1]))))));
    page.figures.push(map.figure, ...minis.map((m) => m.figure));

    const play = player({ play: "▶ Play", pause: "❚❚ Pause", begin: () => {
      if (page.state.method !== "sweeps" || answer?.converged) page.set({ method: "sweeps", sweeps: 0 }, "replace");
    } }, calm() ? 2 : 6, () => {
      if (answer?.converged && answer.n_iter > 1) return false;
      page.set({ method: "sweeps", sweeps: Math.min(2000, page.state.sweeps + Math.max(1, Math.round(page.state.sweeps / 12))) }, "replace");
      return page.state.sweeps < 2000;
    });
    page.onLeave(play.stop);
    controls.append(
      group("Solve", h("div", { className: "row" },
        button("Reset", () => page.set({ method: "sweeps", sweeps: 0 }), { data: { tool: "reset" } }),
        button("One sweep", () => page.set({ method: "sweeps", sweeps: page.state.method === "sweeps" ? Math.min(2000, page.state.sweeps + 1) : 1 }), { data: { tool: "step" } }),
        play.element,
        button("Newton", () => page.set({ method: "newton" }), { className: "primary", data: { tool: "newton" } }))),
      group("Three different knobs", slider(page, "alpha"), slider(page, "gamma"), choice(page, "prior", { menu: true })),
      group("Rewards and slip", slider(page, "goal"), slider(page, "mud"), slider(page, "flowers"), slider(page, "slip")),
      group("Paint the grid", paint.element));
    const backup = h("div", { className: "worked" });
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equation in force"),
      equation("Q(s,a) = {reward:r(s)} + {gamma:γ} E[V(s′)]"),
      equation("V(s) = {alpha:α} 'log' Σ_a {prior:p(a|s)} 'exp'(Q(s,a)/{alpha:α})"),
      backup, page.figure(curve)));

    const names = { goal: "reward", mud: "reward", flowers: "reward" };
    return {
      draw(result, state) {
        answer = result;
        const scale = scaleOf(result.V);
        map.show({ layout: result.layout, values: result.V, scale, policy: result.policy, drawing: state.grid, selected: result.cell.state, unit: "value V" });
        const c = result.cell;
        backup.replaceChildren(
          h("h2", {}, `One backup in cell (${c.row}, ${c.column})`),
          h("table", {},
            h("thead", {}, h("tr", {}, ["", "r", `${show(state.gamma)} · E[V′]`, "Q", "p(a|s)", "π"].map((t) => h("th", {}, t)))),
            h("tbody", {}, ACTIONS.map((a, i) => h("tr", {}, h("th", {}, a),
              h("td", { className: "term", data: { term: "reward" } }, show(c.reward)),
              h("td", { className: "term", data: { term: "gamma" } }, `${show(state.gamma)} · ${show(c.expected[i], 4)}`), h("td", {}, show(c.Q[i], 4)), h("td", { className: "term", data: { term: "prior" } }, show(c.prior[i], 2)), h("td", {}, h("strong", {}, fixed(c.policy[i], 3))))))),
          equation(`V = {alpha:${show(state.alpha)}} 'log' Σ_a {prior:p} 'exp'(Q/{alpha:${show(state.alpha)}}) = '${show(c.V, 5)}'`));
        backup.dataset.v = c.V;
      },
      changed(changed) {
        for (const name of changed) if (names[name]) page.explain.querySelectorAll('[data-term="reward"]').forEach((t) => { t.classList.add("lit"); setTimeout(() => t.classList.remove("lit"), 1200); });
      },
      // What is slower comes when the numbers of the screen have arrived.
      async settled() {
        const { state } = page;
        const key = JSON.stringify([state.grid, state.goal, state.mud, state.flowers, state.slip, state.alpha, state.gamma, state.prior]);
        if (key === this.key) return;
        this.key = key;
        await new Promise((done) => setTimeout(done, 400)); // somebody who still moves a slider does not wait for these
        if (key !== this.key || page.left) return;
        try {
          const [a, b] = [await page.ask("compare"), await page.ask("progress")];
          if (key !== this.key) return;
          [turned, progress] = [a, b];
          minis.forEach((mini, i) => mini.show({ layout: turned.layout, values: turned.turned[i].V, scale: scaleOf(turned.turned[i].V), policy: turned.turned[i].policy, drawing: null }));
          curve.redraw();
        } catch { /* the screen itself says what is wrong */ }
      },
    };
  },
};
