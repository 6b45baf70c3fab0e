// Equations in force, in plain HTML: letters of a term carry its name, so that it can be lit when it changes.

import { h } from "./dom.js";

/**
 * Write an equation. `{name:text}` is a term that can be lit, `_x` and `_{...}` lower it, `^x` and `^{...}` raise it,
 * letters are italic and words in `'quotes'` upright.
 */
export function equation(source, label) {
  const row = h("p", { className: "equation", role: "math", "aria-label": label || source.replace(/[{}']/g, "") });
  write(row, source);
  return row;
}

function write(into, source) {
  let i = 0;
  const group = () => {
    if (source[i] !== "{") { i += 1; return source[i - 1]; }
    let depth = 0;
    const start = i + 1;
    for (; i < source.length; i += 1) {
      if (source[i] === "{") depth += 1;
      if (source[i] === "}" && (depth -= 1) === 0) { i += 1; return source.slice(start, i - 1); }
    }
    throw new Error(`an equation does not close: ${source}`);
  };
  while (i < source.length) {
    const c = source[i];
    if (c === "_" || c === "^") {
      i += 1;
      const made = h(c === "_" ? "sub" : "sup");
      write(made, group());
      into.append(made);
    } else if (c === "{") {
      const [name, ...text] = group().split(":");
      const made = h("span", { className: "term", data: { term: name } });
      write(made, text.join(":"));
      into.append(made);
    } else if (c === "'") {
      const end = source.indexOf("'", i + 1);
      into.append(h("span", { className: "word" }, source.slice(i + 1, end)));
      i = end + 1;
    } else if (/[A-Za-zα-ωβ]/.test(c)) {
      into.append(h("i", {}, c));
      i += 1;
    } else {
      into.append(c);
      i += 1;
    }
  }
}

/** Light every place of a term inside an element for a moment. */
export function light(inside, name) {
  for (const term of inside.querySelectorAll(`[data-term="${name}"]`)) {
    term.classList.add("lit");
    clearTimeout(term.litUntil);
    term.litUntil = setTimeout(() => term.classList.remove("lit"), 1200);
  }
}
