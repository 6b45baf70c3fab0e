// Colour scales that keep their order in grey and for colour-blind eyes.

const SEQUENTIAL = ["#fffde0", "#d6efb3", "#8fd4b9", "#41b0c3", "#2181b6", "#254b9c", "#0b1f5c"];
const DIVERGING = ["#7f3b08", "#b35806", "#e08214", "#fdc07a", "#f7f7f4", "#9ecae6", "#4a98c9", "#1b65ab", "#08306b"];
const parse = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const STOPS = { sequential: SEQUENTIAL.map(parse), diverging: DIVERGING.map(parse) };

export const INK = "#1b1f24";
export const SOFT = "#5b6570";
export const LINE = "#c9ced3";
export const WALL = "#3c434b";
export const EMPTY = "#eceeef";
export const BLUE = "#1b65ab";
export const ORANGE = "#c25a00";
export const GREEN = "#00785a";
export const PURPLE = "#7b3fa0";
export const GREY = "#7a838c";
export const GOLD = "#e0a100";

/** Colour at a share between 0 and 1, as [r, g, b]. */
function at(kind, share) {
  const stops = STOPS[kind];
  const place = Math.min(0.999999, Math.max(0, share)) * (stops.length - 1);
  const below = Math.floor(place);
  return stops[below].map((c, i) => Math.round(c + (place - below) * (stops[below + 1][i] - c)));
}

/** A scale for values: {kind, low, high, colour(v), ink(v)}. A diverging one has 0 in its middle. */
export function scaleOf(values, kind = "sequential", limits = null) {
  const known = values.filter((v) => v !== null && v !== undefined);
  let low = limits ? limits[0] : Math.min(...known);
  let high = limits ? limits[1] : Math.max(...known);
  if (!known.length && !limits) [low, high] = [0, 1];
  if (kind === "diverging") {
    const reach = Math.max(Math.abs(low), Math.abs(high), 1e-9);
    [low, high] = [-reach, reach];
  }
  if (high - low < 1e-12 * Math.max(1, Math.abs(high))) high = low + Math.max(1e-9, Math.abs(low) * 1e-9);
  const rgb = (v) => at(kind, (v - low) / (high - low));
  return {
    kind, low, high,
    colour: (v) => `rgb(${rgb(v).join(",")})`,
    ink: (v) => {
      const [r, g, b] = rgb(v);
      return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? INK : "#ffffff";
    },
  };
}
