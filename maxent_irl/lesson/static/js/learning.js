// Recovering a reward on the screen: the ascent frame by frame, Newton's answer, and what is not known.

import { scaleOf } from "./colours.js";
import { button } from "./controls.js";
import { signedBars } from "./charts.js";
import { fixed, h, show } from "./dom.js";
import { MapView } from "./map.js";

/**
 * The part that chapters 5 and 7 share. `options`: maxHeight(), place(state), names(), and perhaps marks() and onPlace(state).
 * Returns figures and `run()`, `newton()`, `draw(answer)`, `forget()`.
 */
export function learning(page, options) {
  let shown = null; // {reward, gap, title}
  let fitted = null; // Newton's answer
  let layout = null;
  let drawing = null;
  let widest = 1e-9;
  let running = false;

  const place = (state) => options.place(state);
  const reward = new MapView({
    name: "reward", maxHeight: options.maxHeight, onPlace: options.onPlace,
    title: () => shown?.title || "Recovered reward",
    read: (s) => {
      if (!shown) return "";
      const value = fitted?.error ? ` ± ${show(fitted.error[s], 2)}` : "";
      return `${place(s)}: recovered reward ${show(shown.reward[s])}${value}`;
    },
  });
  const error = new MapView({
    name: "error", maxHeight: options.maxHeight, onPlace: options.onPlace,
    title: () => (fitted ? (fitted.error ? "Standard error" : "Standard error: too many cells") : "Standard error: press Newton"),
    read: (s) => (fitted?.error ? `${place(s)}: standard error ${show(fitted.error[s], 2)}${fitted.unseen[s] ? ", no demonstration has it" : ""}` : ""),
  });
  const bars = signedBars({
    name: "gap", title: () => "Demonstrated − expected features, per decision", scale: () => Math.max(widest, 0.002),
    rows: () => {
      if (!shown?.gap) return null;
      const rows = shown.gap.map((value, i) => ({ label: options.names()[i], value }));
      return rows.length <= 9 ? rows : rows.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 9);
    },
    label: () => shown?.gap && `Largest gap ${show(Math.max(...shown.gap.map(Math.abs)))}`,
  });
  const state = h("p", { className: "progress", role: "status", "aria-live": "off" });
  const report = h("div", { className: "report" });
  const ascend = button("▶ Run gradient ascent", () => (running ? stop() : run(true)), { className: "primary", data: { tool: "ascend" } });
  const solve = button("Newton", () => newton(), { data: { tool: "newton" } });

  /** End the ascent where it is. */
  function stop() {
    run.own = {};
    running = false;
    page.halt();
    ascend.textContent = "▶ Run gradient ascent";
    state.textContent += " – stopped.";
  }

  function redraw() {
    if (!layout) return;
    const common = { layout, drawing, sparse: drawing === null, marked: options.marks?.(), selected: page.place };
    reward.show({ ...common, values: shown ? shown.reward : null, scale: shown ? scaleOf(shown.reward, "diverging") : null, unit: "reward" });
    error.show({ ...common, values: fitted?.error || null, scale: fitted?.error ? scaleOf([0, ...fitted.error]) : null, unseen: fitted?.unseen, unit: fitted?.unseen?.some(Boolean) ? (layout.positions ? "red rim: never seen" : "hatched: never seen") : "" });
    bars.redraw();
    made.onReward?.();
  }

  /** Climb from where the reward stands, or from zero. */
  async function run(fromZero = false) {
    const own = (run.own = {});
    fitted = null;
    report.replaceChildren();
    const start = fromZero || !shown?.coef ? [] : shown.coef;
    if (fromZero) widest = 1e-9;
    ascend.textContent = "■ Stop the ascent";
    running = true;
    let frames = 0;
    let waiting = null;
    const paint = () => {
      const latest = waiting;
      waiting = null;
      if (own !== run.own || !latest) return;
      shown = { reward: latest.reward, gap: latest.gap, coef: latest.coef, title: `Recovered: ascent, step ${latest.iteration}` };
      widest = Math.max(widest, ...latest.gap.map(Math.abs));
      state.textContent = `step ${latest.iteration}: objective per decision ${fixed(latest.objective, 4)}, largest gradient ${show(latest.gradient, 2)}`;
      frames += 1;
      document.documentElement.dataset.frames = String(Number(document.documentElement.dataset.frames || 0) + 1);
      redraw();
    };
    try {
      await page.watch("ascend", { start }, (frame) => {
        if (own !== run.own) return;
        if (frame.done) {
          if (waiting) paint();
          if (frame.error) throw new Error(frame.error);
          state.textContent += frame.converged ? " – converged." : " – stopped before it converged.";
          return;
        }
        if (!waiting) requestAnimationFrame(paint);
        waiting = frame;
      });
    } catch (problem) {
      if (own === run.own) state.textContent = problem.message;
    }
    if (own === run.own) {
      running = false;
      ascend.textContent = "▶ Run gradient ascent";
    }
  }

  /** Newton's method at once, with errors and the identifiability report. */
  async function newton() {
    page.halt();
    const own = (run.own = {});
    running = false;
    ascend.textContent = "▶ Run gradient ascent";
    state.textContent = "Newton's method …";
    try {
      const answer = await page.ask("newton");
      if (own !== run.own) return;
      fitted = answer;
      shown = { reward: answer.reward, gap: answer.gap, coef: answer.coef, title: `Recovered: Newton, ${answer.n_iter} step${answer.n_iter === 1 ? "" : "s"}` };
      widest = Math.max(widest, ...answer.gap.map(Math.abs));
      state.textContent = `${answer.converged ? "Converged" : "Not converged"} in ${answer.n_iter} Newton steps. Log-likelihood per decision ${fixed(answer.log_likelihood, 4)}; choosing at random ${fixed(answer.uniform, 4)}.`;
      report.replaceChildren(...said(answer));
      report.dataset.coef = JSON.stringify(answer.coef);
    } catch (problem) {
      if (own === run.own) state.textContent = problem.message;
    }
    redraw();
  }

  /** The coefficients with their errors, and the sentence about what is undetermined. */
  function said(answer) {
    const parts = [];
    if (answer.names.length <= 8 && answer.standard_errors) {
      parts.push(h("table", {}, h("thead", {}, h("tr", {}, ["", "reward", "standard error"].map((t) => h("th", {}, t)))),
        h("tbody", {}, answer.names.map((name, i) => h("tr", {}, h("th", {}, name), h("td", {}, show(answer.coef[i])), h("td", {}, show(answer.standard_errors[i], 2)))))));
    }
    if (answer.report) {
      const { rank, coefficients, identified, flat, more } = answer.report;
      parts.push(h("p", {}, identified
        ? `The demonstrations determine all ${coefficients} coefficients.`
        : `The demonstrations determine ${rank} of ${coefficients} directions of the coefficients. They say nothing about:`));
      if (!identified) parts.push(h("ul", {}, flat.map((f) => h("li", {}, h("strong", {}, short(f.name)), `: ${f.explanation}.`)), more ? h("li", {}, `and ${more} more.`) : null));
    }
    if (answer.quality) {
      parts.push(h("p", {}, `Against the hidden reward: correlation ${answer.quality.correlation === null ? "not defined" : fixed(answer.quality.correlation, 3)}. `,
        `Following the recovered policy loses ${show(answer.quality.value_difference, 2)} of value.`));
    }
    return parts;
  }
  const short = (name) => (name.length > 60 ? `${name.slice(0, 57)}…` : name);

  const made = {
    rewards: () => shown?.reward,
    onReward: null,
    reward, error, bars, status: state, report, buttons: h("div", { className: "row" }, ascend, solve),
    run, newton,
    running: () => running,
    draw(answer, map) {
      layout = answer.layout;
      drawing = map;
      if (shown && shown.reward.length !== answer.visits.length) this.forget();
      redraw();
    },
    forget() {
      run.own = {};
      page.halt();
      [shown, fitted, widest, running] = [null, null, 1e-9, false];
      state.textContent = "";
      report.replaceChildren();
      ascend.textContent = "▶ Run gradient ascent";
      redraw();
    },
  };
  return made;
}

/** The list of demonstrations, each with a button that leaves it out or takes it back. */
export function demonstrationList(page, onHover) {
  const box = h("ul", { className: "demonstrations", "aria-label": "Demonstrations" });
  const draw = (rows, count) => {
    box.replaceChildren(...rows.map((row, i) => h("li", { className: row.removed ? "removed" : "",
      onmouseenter: () => onHover?.(i), onmouseleave: () => onHover?.(null) },
    h("span", {}, `${row.label} (${row.states.length - 1})`),
    button(row.removed ? "take back" : "leave out", () => {
      const removed = new Set(page.state.removed);
      if (removed.has(i)) removed.delete(i); else removed.add(i);
      page.set({ removed: [...removed].sort((a, b) => a - b) });
    }, { data: { removes: String(i) }, "aria-label": `${row.removed ? "take back" : "leave out"} ${row.label}` }))));
    if (count > rows.length) box.append(h("li", { className: "hint" }, `and ${count - rows.length} more`));
  };
  return { element: box, draw };
}
