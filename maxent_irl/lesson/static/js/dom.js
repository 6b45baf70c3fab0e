// Elements, numbers as text, and small things that every part of the page needs.

/** An element with properties, attributes (names with a dash, role, for), listeners (on...) and children. */
export function h(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name in made && !name.includes("-") && name !== "list") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A number for people: as many digits as say something, a real minus sign. */
export function show(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text;
  if (size >= 1e5 || size < 1e-4) text = value.toExponential(1);
  else if (size >= 1000) text = value.toFixed(0);
  else text = String(Number(value.toPrecision(Math.max(digits, Math.floor(Math.log10(size)) + 1))));
  return text.replace("-", "−");
}

/** A number with a fixed number of decimals, and a real minus sign. */
export const fixed = (value, decimals = 2) =>
  value === null || value === undefined ? "–" : value.toFixed(decimals).replace("-", "−");

/** Whether the visitor asked for less motion. */
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let serial = 0;
/** An id that no other element has. */
export const fresh = (prefix) => `${prefix}-${(serial += 1)}`;
