// The state of the screen in the address: only what differs from the default.

const read = {
  number: Number,
  whole: Number,
  flag: (text) => text === "1",
  numbers: (text) => text.split(",").map(Number),
  places: (text) => (text ? text.split(",").map(Number) : []),
};
const kept = (field) => field.kind !== "vector";

/** Text of an address, "#/name?field=value&...". */
export function encode(chapter, state, seen) {
  const parts = [];
  for (const field of chapter.fields.filter(kept)) {
    const value = state[field.name];
    if (JSON.stringify(value) === JSON.stringify(field.default)) continue;
    const text = Array.isArray(value) ? value.join(",") : field.kind === "flag" ? (value ? "1" : "0") : String(value);
    parts.push(`${field.name}=${encodeURIComponent(text).replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%3B/g, ";")}`);
  }
  if (seen) parts.push("seen=1");
  return `#/${chapter.name}${parts.length ? `?${parts.join("&")}` : ""}`;
}

/** Chapter name, given fields and whether the exercise was answered, of an address. */
export function decode(hash, chapters) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const chapter = chapters.find((c) => c.name === path) || chapters[0];
  const given = {};
  let seen = false;
  for (const part of query.split("&").filter(Boolean)) {
    const at = part.indexOf("=");
    const name = at < 0 ? part : part.slice(0, at);
    let text = "";
    try { text = decodeURIComponent(at < 0 ? "" : part.slice(at + 1)); } catch { continue; }
    if (name === "seen") { seen = text !== "0"; continue; }
    const field = chapter.fields.find((f) => f.name === name && kept(f));
    if (!field) continue;
    const value = field.kind in read ? read[field.kind](text) : text;
    if (typeof value === "number" ? Number.isFinite(value) : true) given[name] = value;
  }
  return { chapter, given, seen };
}

/** The state a chapter begins with. */
export const defaults = (chapter) => Object.fromEntries(chapter.fields.map((field) => [field.name, field.default]));
