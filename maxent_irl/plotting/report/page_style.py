"""What a report looks like and how it answers to a reader: its style sheet and its script, both inside the page.

The script sorts tables and changes the quantity of a map. Without it everything can still be read.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #555; --paper: #fff; --card: #fff; --tint: #f6f6f4; --line: #dededb;
        --link: #0a5a94; --good: #0b6cae; --bad: #b45f06; --badtint: #fdf4e7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececea; --soft: #b9b9b6; --paper: #17191c; --card: #fff; --tint: #212428; --line: #3b3f45; --link: #7cc0f2;
          --good: #4fabe9; --bad: #e9b26a; --badtint: #2d2519; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1.5rem clamp(.8rem, 3vw, 1.5rem); color: var(--ink); background: var(--paper);
       font: 1rem/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: clamp(1.5rem, 4.5vw, 2.1rem); line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.6rem 0 .6rem; }
h3 { font-size: 1.02rem; margin: 1.4rem 0 .3rem; }
p, li { max-width: 44rem; overflow-wrap: anywhere; }
a { color: var(--link); }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .5rem 0; padding: 0; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .3rem .9rem .3rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { border-bottom: 1px solid var(--soft); }
tbody tr { border-bottom: 1px solid var(--line); }
tbody th { font-weight: 600; }
.facts th { overflow-wrap: normal; }
td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button::after { content: " \\2195"; color: var(--soft); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
.wide { overflow-x: auto; }
.summary { background: var(--tint); border-radius: 10px; padding: .8rem 1.3rem 1rem; margin: 1rem 0; }
.summary li { margin: .35rem 0; }
figure { margin: 1.2rem 0 .3rem; }
figure img { max-width: 100%; height: auto; background: var(--card); border-radius: 8px; }
figcaption { color: var(--soft); max-width: 44rem; }
details { margin: .2rem 0 1.2rem; max-width: 44rem; }
summary { cursor: pointer; color: var(--link); }
pre { background: var(--tint); border: 1px solid var(--line); border-radius: 6px; padding: .7rem 1rem; white-space: pre-wrap;
      overflow-wrap: anywhere; }
.good { border-left: 5px solid var(--good); padding-left: .8rem; }
.bad { border-left: 5px solid var(--bad); padding: .2rem .8rem; background: var(--badtint); }
.map { background: #fff; color: #1a1a1a; border-radius: 10px; border: 1px solid var(--line); padding: .8rem; max-width: 48rem; }
.map svg { display: block; width: 100%; height: auto; max-height: 78vh; }
.map .choice { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0 0 .6rem; }
.map .choice button { font: inherit; padding: .15rem .8rem; border: 1px solid #767676; border-radius: 99px; background: #fff;
                      color: #1a1a1a; cursor: pointer; }
.map .choice button[aria-pressed=true] { background: #1a1a1a; color: #fff; }
.map .bar { display: none; grid-template-columns: auto minmax(6rem, 16rem) auto; gap: .5rem; align-items: center;
            font-size: .9rem; }
.map .bar i { height: .8rem; border: 1px solid #b4b4b2; }
.map[data-show="0"] .bar0, .map[data-show="1"] .bar1, .map[data-show="2"] .bar2, .map[data-show="3"] .bar3 { display: grid; }
.map[data-show="0"] .p { fill: var(--a); } .map[data-show="1"] .p { fill: var(--b); }
.map[data-show="2"] .p { fill: var(--c); } .map[data-show="3"] .p { fill: var(--d); }
.map[data-show="0"] .l { stroke: var(--a); } .map[data-show="1"] .l { stroke: var(--b); }
.map[data-show="2"] .l { stroke: var(--c); } .map[data-show="3"] .l { stroke: var(--d); }
.map .p:hover, .map .p:focus { stroke: #1a1a1a; stroke-width: var(--edge); }
.map .l:hover, .map .l:focus { stroke: #1a1a1a; }
.map output { display: block; min-height: 1.5em; font-size: .92rem; }
@page { margin: 16mm; }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --tint: #f6f6f4; --line: #ccc; --link: #000; --badtint: #fdf4e7; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, details, .map .choice { display: none; }
  h2 { break-after: avoid; }
  figure, tr, pre, .summary, .map, table.facts { break-inside: avoid; }
  figure img { max-height: 85mm; width: auto; }
  figure.large img { max-height: 160mm; }
  .map svg { max-height: 120mm; }
  thead { display: table-header-group; }
  a { color: inherit; text-decoration: none; }
}
"""

SCRIPT = """
document.querySelectorAll("table.sortable").forEach(table => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = row => row.cells[column].textContent.replace("\\u2212", "-").replace(/^< /, "");
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)], [m, n] = [parseFloat(x), parseFloat(y)];
        if (isNaN(m) !== isNaN(n)) return isNaN(m) ? 1 : -1;
        return (isNaN(m) ? x.localeCompare(y) : m - n) * (up ? 1 : -1);
      };
      table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
    });
  });
});
document.querySelectorAll(".map").forEach(map => {
  const buttons = [...map.querySelectorAll(".choice button")], told = map.querySelector("output");
  buttons.forEach((button, which) => button.addEventListener("click", () => {
    map.dataset.show = which;
    buttons.forEach(other => other.setAttribute("aria-pressed", other === button));
  }));
  map.addEventListener("pointerover", event => {
    const title = event.target.querySelector && event.target.querySelector(":scope > title");
    if (title && event.target !== map.querySelector("svg")) told.textContent = title.textContent;
  });
});
"""
