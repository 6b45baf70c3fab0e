// Chapter 7: real demonstrations.

import { scaleOf } from "../colours.js";
import { choice, group, slider } from "../controls.js";
import { h, show } from "../dom.js";
import { signedBars } from "../charts.js";
import { equation } from "../equation.js";
import { demonstrationList, learning } from "../learning.js";
import { MapView } from "../map.js";

const NAMED = 25; // places

export default {
  veil: false,
  build(page, { figures, controls, explain }) {
    let answer = null;
    let hovered = null;
    const { labels, source, note } = page.facts;
    const place = (s) => labels[s];
    const choose = (s) => {
      if (s < 0) return;
      page.place = s;
      page.onPlace?.(s, labels[s]);
      redraw();
    };
    // Every place of a small graph is named; of a large one only those with a name of their own, such as "node 116, water".
    const marks = () => labels.length <= NAMED
      ? labels.map((text, state) => ({ state, text: text.length > 14 ? `${text.slice(0, 13)}…` : text }))
      : labels.map((text, state) => ({ state, text: text.split(", ")[1], ring: true })).filter((m) => m.text);
    const maxHeight = () => Math.max(200, Math.min(380, innerHeight - 300));
    const learn = learning(page, { maxHeight, place, names: () => labels, marks: () => (answer?.layout.positions ? marks() : null), onPlace: choose });
    const map = new MapView({
      name: "recorded", maxHeight, onPlace: choose,
      title: () => (answer ? `${answer.count} sequence${answer.count === 1 ? "" : "s"}, ${answer.decisions.toLocaleString("en")} decisions` : "Where they went"),
      read: (s) => (answer ? `${place(s)}: ${show(answer.visits[s], 4)} decisions` : ""),
    });
    function redraw() {
      if (!answer) return;
      const paths = hovered === null ? [] : [{ states: answer.demonstrations[hovered].states, colour: "#c25a00", width: 3 }];
      map.show({ layout: answer.layout, values: answer.visits, scale: scaleOf([0, ...answer.visits]), marked: answer.layout.positions ? marks() : null, paths, selected: page.place, sparse: true, unit: "decisions" });
      learn.draw(answer, null);
    }
    const top = signedBars({
      name: "top", title: () => "Largest and smallest rewards", label: () => "Recovered rewards by place",
      scale: () => Math.max(...(learn.rewards() || [1]).map(Math.abs)),
      rows: () => {
        const rewards = learn.rewards();
        if (!rewards) return null;
        const order = rewards.map((value, i) => ({ label: labels[i], value })).sort((a, b) => b.value - a.value);
        return order.length > 9 ? [...order.slice(0, 6), ...order.slice(-3)] : order;
      },
    });
    learn.onReward = () => top.redraw();
    const list = demonstrationList(page, (i) => { hovered = i; redraw(); });
    const second = h("div", { className: "pair" }, map.element, learn.reward.element, learn.error.element, page.figure(top));
    figures.append(second);
    page.figures.unshift(map.figure, learn.reward.figure, learn.error.figure);
    controls.append(
      group(`Data: ${source}`, note && h("p", { className: "hint" }, note), slider(page, "used"), list.element),
      group("Recover", learn.buttons, slider(page, "l2", { label: "prior precision" }), slider(page, "gamma", { label: "discount γ" }), choice(page, "objective", { menu: true })),
      h("p", { className: "note" }, "Your own table: ", h("code", {}, "maxent-irl lesson --data my.csv"), ", one decision per row, with columns id, state and action."));
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equation in force"),
      equation("∇L = {gap:φ_{'demonstrated'} − φ_{'expected'}} − {l2:λ}θ"),
      h("p", { className: "hint" }, "One coefficient per place. Run the ascent, then Newton for the errors."),
      page.figure(learn.bars), learn.status, learn.report));
    let known = null;
    return {
      draw(result) {
        answer = result;
        redraw();
        list.draw(result.demonstrations, page.state.used);
        const key = JSON.stringify(page.state);
        // What was running or fitted belongs to other data: run again where it had been started.
        if (known !== null && key !== known) {
          if (learn.status.textContent && result.count) learn.run();
          else learn.forget();
        }
        known = key;
      },
    };
  },
};
