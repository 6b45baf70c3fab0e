// Painting a grid: the palette of tiles, and the strokes that lay them.

import { button, palette } from "./controls.js";
import { h } from "./dom.js";
import { painted, rowsOf } from "./map.js";

const TILES = {
  look: "look", "#": "wall", ".": "floor", G: "goal", m: "mud", f: "flowers", S: "start", c: "cliff",
};
const NAMES = { look: "look", "#": "wall", ".": "floor", G: "goal", m: "mud", f: "flowers", S: "start", c: "cliff" };

/**
 * Tools for a map. `letters` are those that can be painted; `first` other tools, [name, text].
 * Returns {element, tool(), stroke(phase, found), follow(f)}; `stroke` says whether the tool painted, f is told of another tool.
 */
export function painting(page, letters, first = [["look", "look"]]) {
  const tools = [...first, ...[...letters].map((letter) => [TILES[letter], NAMES[letter]])];
  const followers = [];
  const made = palette(tools, "Tool", (tool) => followers.forEach((follow) => follow(tool)));
  const letterOf = Object.fromEntries([...letters].map((letter) => [TILES[letter], letter]));
  let last = "";
  const stroke = (phase, found) => {
    const letter = letterOf[made.held()];
    if (!letter) return false;
    if (found && phase !== "up") {
      const [row, column] = found;
      const now = rowsOf(page.state.grid)[row][column];
      if (phase === "down") last = "";
      if (last !== `${row}.${column}` && now !== letter) {
        last = `${row}.${column}`;
        page.set({ grid: painted(page.state.grid, row, column, letter), ...(page.field("cell") ? { cell: "" } : {}) }, "dragging");
      }
    }
    if (phase === "up") page.set({}, "commit");
    return true;
  };
  const size = (rows, columns) => {
    const old = rowsOf(page.state.grid);
    const grid = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => (old[i] && old[i][j]) || ".").join("")).join("/");
    page.set({ grid, ...(page.field("cell") ? { cell: "" } : {}), ...(page.field("drawn") ? { drawn: "", removed: [] } : {}) });
  };
  const element = h("div", { className: "painting" }, made.element,
    h("div", { className: "row" },
      button("Larger", () => resize(1.5), { title: "More rows and columns" }),
      button("Smaller", () => resize(1 / 1.5), { title: "Fewer rows and columns" }),
      button("As at first", () => page.set({ grid: page.field("grid").default, ...(page.field("cell") ? { cell: "" } : {}) }))));
  function resize(by) {
    const rows = rowsOf(page.state.grid);
    const to = (length) => Math.max(3, Math.min(40, Math.round(length * by)));
    size(to(rows.length), to(rows[0].length));
  }
  return { element, tool: made.held, stroke, follow: (f) => followers.push(f) };
}
