// Chapter 5: draw demonstrations, and watch the reward grow.

import { scaleOf } from "../colours.js";
import { button, choice, flag, group, slider } from "../controls.js";
import { h, show } from "../dom.js";
import { equation } from "../equation.js";
import { demonstrationList, learning } from "../learning.js";
import { MapView } from "../map.js";
import { painting } from "../painting.js";

const MOVES = { "0,1": "r", "1,0": "d", "0,-1": "l", "-1,0": "u" };
const STAYS = 4; // decisions that a drawn demonstration stays at its end

export default {
  veil: false,
  build(page, { figures, controls, explain }) {
    let answer = null;
    let stroke = null; // cells of the demonstration that is being drawn
    let hovered = null;
    const paint = painting(page, "#.Gmf", [["draw", "draw a demonstration"]]);
    const maxHeight = () => Math.max(150, Math.min(300, (innerHeight - 270) / 2));
    const place = (s) => { const at = map.cellOf(s); return at ? `cell (${at[0]}, ${at[1]})` : ""; };
    const learn = learning(page, { maxHeight, place, names: () => answer?.names || [] });

    const map = new MapView({
      name: "draw", maxHeight,
      title: () => (answer?.count ? `${answer.count} demonstration${answer.count === 1 ? "" : "s"}, ${answer.decisions} decisions` : "Draw here: press on a cell and move"),
      describe: () => "Grid for demonstrations. Arrow keys move, Enter begins a demonstration, arrow keys extend it, Enter ends it.",
      strokes: () => paint.tool() === "draw",
      onCell: (phase, found) => {
        if (paint.stroke(phase, found)) return;
        drawStroke(phase, found);
      },
      read: (s) => (answer ? `${place(s)}: ${answer.visits[s]} demonstrated decisions` : ""),
    });
    const hidden = new MapView({
      name: "hidden", maxHeight, title: () => (answer?.hidden ? "The hidden reward" : "Hidden reward: not shown"),
      read: (s) => (answer?.hidden ? `${place(s)}: hidden reward ${show(answer.hidden[s])}` : ""),
    });

    const free = (row, column) => answer?.layout.states[row]?.[column] >= 0;
    /** Extend the stroke to a cell by single moves, as far as no wall is in between. */
    function reach(row, column) {
      let [r, c] = stroke[stroke.length - 1];
      while (r !== row || c !== column) {
        const across = [r, c + Math.sign(column - c)];
        const along = [r + Math.sign(row - r), c];
        const wide = Math.abs(column - c) >= Math.abs(row - r);
        const next = [wide ? across : along, wide ? along : across].find(([y, x]) => (y !== r || x !== c) && free(y, x));
        if (!next || stroke.length > 395) return;
        [r, c] = next;
        stroke.push(next);
      }
    }
    function drawStroke(phase, found) {
      if (phase === "down") {
        stroke = found && free(found[0], found[1]) ? [[found[0], found[1]]] : null;
      } else if (phase === "move" && stroke && found) {
        reach(found[0], found[1]);
      } else if (phase === "up" && stroke) {
        const moves = stroke.slice(1).map(([r, c], i) => MOVES[`${r - stroke[i][0]},${c - stroke[i][1]}`]).join("");
        const path = `${stroke[0].join(".")}${moves}${"s".repeat(STAYS)}`;
        const drawn = page.state.drawn ? page.state.drawn.split(";") : [];
        stroke = null;
        if (drawn.length >= 60) { learn.status.textContent = "60 drawn demonstrations are the most that fit: clear some."; return; }
        // Drawn ones come first: what is left out of the sampled ones keeps its place behind them.
        const removed = page.state.removed.map((i) => (i >= drawn.length ? i + 1 : i));
        page.set({ drawn: [...drawn, path].join(";"), removed });
        return;
      }
      redraw();
    }
    function redraw() {
      if (!answer) return;
      const paths = answer.demonstrations.map((d, i) => ({ ...d, i })).filter((d) => !d.removed)
        .map((d) => ({ states: d.states, colour: d.label.startsWith("drawn") ? "#c25a00" : "#1b65ab", faint: d.label.startsWith("sampled") && hovered !== d.i, shift: ((d.i * 7) % 9) - 4, width: hovered === d.i ? 5 : 2.4 }));
      if (stroke) paths.push({ states: stroke.map(([r, c]) => answer.layout.states[r][c]), colour: "#c25a00", width: 4 });
      map.show({ layout: answer.layout, drawing: page.state.grid, paths });
    }

    map.grab(true);
    const list = demonstrationList(page, (i) => { hovered = i; redraw(); });
    figures.append(h("div", { className: "pair" }, map.element, learn.reward.element, learn.error.element, hidden.element));
    page.figures.push(map.figure, learn.reward.figure, learn.error.figure, hidden.figure);
    controls.append(
      group("Demonstrations", paint.element.firstChild,
        h("p", { className: "hint" }, `Draw where somebody walks. At the end they stay for ${STAYS} decisions.`),
        h("div", { className: "row" },
          button("Sample 10", () => page.set({ sampled: Math.min(200, page.state.sampled + 10) }), { title: "Ten more demonstrations, drawn from the hidden reward", data: { tool: "sample" } }),
          button("Undo", () => page.set({ drawn: page.state.drawn.split(";").slice(0, -1).join(";"), removed: [] }), { data: { tool: "undo" } }),
          button("Clear", () => page.set({ drawn: "", sampled: 0, removed: [] }), { data: { tool: "clear" } })),
        list.element),
      group("Recover", learn.buttons, choice(page, "features", { menu: true }), slider(page, "l2", { label: "prior precision" }), slider(page, "gamma", { label: "discount γ" }), choice(page, "objective", { menu: true })),
      group("The hidden reward", h("div", { className: "row" }, flag(page, "reveal", { label: "show it" }),
        button("Another one", () => page.set({ secret: (page.state.secret + 1) % 4, removed: [] }), { title: "Another hidden reward", data: { tool: "secret" } })), paint.element.lastChild));
    explain.append(h("section", { className: "theory" },
      h("h2", {}, "The equation in force"),
      equation("∇L = {gap:φ_{'demonstrated'} − φ_{'expected'}} − {l2:λ}θ"),
      h("p", { className: "hint" }, "Gradient ascent changes θ until the gap equals λθ. λ is the prior precision; without it no gap is left."),
      page.figure(learn.bars), learn.status, learn.report));
    let known = null;
    return {
      draw(result) {
        answer = result;
        redraw();
        list.draw(result.demonstrations, result.demonstrations.length);
        hidden.show({ layout: result.layout, drawing: page.state.grid, values: result.hidden, scale: result.hidden ? scaleOf(result.hidden, "diverging") : null, unit: "reward" });
        learn.draw(result, page.state.grid);
        const { grid, features, drawn, sampled, secret, removed, gamma, l2, objective } = page.state;
        const key = JSON.stringify([grid, features, drawn, sampled, secret, removed, gamma, l2, objective]);
        if (key === known) return;
        const kind = JSON.stringify([grid, features]);
        if (kind !== this.kind) learn.forget();
        this.kind = kind;
        known = key;
        if (result.count) learn.run();
        else learn.forget();
      },
    };
  },
};
