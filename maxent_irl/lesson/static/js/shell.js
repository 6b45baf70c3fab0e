// Around the chapters: which one is shown, its state and its address, asking and drawing, and what is the same on every screen.

import { h } from "./dom.js";
import { decode, defaults, encode } from "./address.js";
import { button } from "./controls.js";
import { light } from "./equation.js";
import { exerciseCard } from "./exercise.js";
import { asPng, asSvg } from "./scene.js";
import decision from "./chapters/decision.js";
import sweeps from "./chapters/sweeps.js";
import optimism from "./chapters/optimism.js";
import visits from "./chapters/visits.js";
import inverse from "./chapters/inverse.js";
import priors from "./chapters/priors.js";
import data from "./chapters/data.js";

const MODULES = { decision, sweeps, optimism, visits, inverse, priors, data };
const SHORT = {
  decision: "Decision", sweeps: "Value", optimism: "Optimism", visits: "Visits", inverse: "Inverse", priors: "Prior", data: "Data",
};

/** One chapter on the screen: its state, and what its module may do with it. */
class Page {
  constructor(chapter, state, transport, changed) {
    this.chapter = chapter;
    this.state = state;
    this.facts = chapter.facts;
    this.figures = [];
    this.place = null;
    this._transport = transport;
    this._changed = changed;
    this._bound = [];
    this._streams = null;
    this._stops = [];
  }

  field(name) {
    return this.chapter.fields.find((field) => field.name === name);
  }

  /** Keep a control up to date: `follow(value)` is called now and whenever the field changes. */
  bind(name, follow) {
    this._bound.push([name, follow]);
    follow(this.state[name]);
  }

  /** Change the state. `how`: "commit" makes a step in the history, "replace" none, "dragging" leaves the address alone. */
  set(changes, how = "commit") {
    const names = Object.keys(changes).filter((name) => JSON.stringify(changes[name]) !== JSON.stringify(this.state[name]));
    Object.assign(this.state, changes);
    for (const [name, follow] of this._bound) if (names.includes(name)) follow(this.state[name]);
    if (names.length || how !== "dragging") this._changed(names, how);
  }

  /** Register a figure, and return its element. */
  figure(figure) {
    this.figures.push(figure);
    return figure.element;
  }

  /** One answer to an operation on the present state. */
  ask(operation, more = {}, changes = {}) {
    return this._transport.call(this.chapter.name, operation, { state: { ...this.state, ...changes }, ...more });
  }

  /** Many answers; a new stream ends the one before. */
  async watch(operation, changes, each) {
    this._streams?.abort();
    const own = (this._streams = new AbortController());
    await this._transport.stream(this.chapter.name, operation, { state: { ...this.state, ...changes } }, each, own.signal)
      .catch((error) => { if (!own.signal.aborted) throw error; });
    return !own.signal.aborted;
  }

  /** End the stream that runs. */
  halt() {
    this._streams?.abort();
  }

  /** Something to stop when the chapter is left. */
  onLeave(stop) {
    this._stops.push(stop);
  }

  leave() {
    this.left = true;
    this.halt();
    this._stops.forEach((stop) => stop());
  }
}

/** Build the page inside `root`. */
export async function mount(root, transport, place) {
  let described;
  try {
    described = await transport.lesson();
  } catch (error) {
    root.replaceChildren(h("p", { className: "loading" }, `The lesson cannot be loaded: ${error.message}`));
    return;
  }
  const { chapters } = described;
  const memory = new Map(); // chapter name -> {state, seen}: what this tab last showed of it
  let current = null;

  const links = chapters.map((chapter, i) =>
    h("a", { href: `#/${chapter.name}`, data: { chapter: chapter.name }, title: chapter.title,
      onclick: (event) => { event.preventDefault(); go(chapter.name); } },
    h("span", { className: "number" }, String(i + 1)), h("span", { className: "short" }, SHORT[chapter.name] || chapter.title)));
  const said = h("div", { className: "toast", role: "status", "aria-live": "polite" });
  const code = h("pre", { tabIndex: 0 });
  const dialog = h("dialog", { className: "code", "aria-label": "Python of this screen" },
    h("h2", {}, "This screen as Python"), code,
    h("div", { className: "row" },
      button("Copy", () => copy(code.textContent, "The Python is copied."), { className: "primary" }),
      button("Close", () => dialog.close())));
  const tools = h("div", { className: "tools", role: "group", "aria-label": "Export" },
    button("Python", showCode, { title: "Python that reproduces this screen", data: { tool: "python" } }),
    button("PNG", async () => save(await asPng(current.page.figures), "png"), { title: "Save the figures as PNG", data: { tool: "png" } }),
    button("SVG", () => save(new Blob([asSvg(current.page.figures)], { type: "image/svg+xml" }), "svg"),
      { title: "Save the figures as SVG", data: { tool: "svg" } }),
    button("Link", () => copy(place.link(), "The link to this screen is copied."), { title: "Copy a link to this screen", data: { tool: "link" } }));
  const body = h("main", { id: "main" });
  root.replaceChildren(
    h("header", { className: "top" }, h("p", { className: "brand" }, "Control as inference"),
      h("nav", { "aria-label": "Chapters" }, links), tools),
    body, dialog, said);

  function toast(text) {
    said.textContent = text;
    said.classList.add("shown");
    clearTimeout(said.until);
    said.until = setTimeout(() => said.classList.remove("shown"), 2500);
  }

  async function copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      toast(done);
    } catch {
      toast("The browser does not allow copying here: select the text instead.");
    }
  }

  function save(blob, kind) {
    const url = URL.createObjectURL(blob);
    h("a", { href: url, download: `lesson-${current.page.chapter.name}.${kind}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 5000);
  }

  async function showCode() {
    try {
      code.textContent = (await current.page.ask("code")).code;
      dialog.showModal();
    } catch (error) {
      toast(error.message);
    }
  }

  const address = () => encode(current.page.chapter, current.page.state, current.seen);

  function go(name) {
    const chapter = chapters.find((c) => c.name === name);
    const known = memory.get(name) || { state: defaults(chapter), seen: false };
    place.push(encode(chapter, known.state, known.seen));
    enter(chapter, known.state, known.seen);
  }

  function follow() {
    if (current && place.hash() === address()) return;
    const { chapter, given, seen } = decode(place.hash(), chapters);
    enter(chapter, { ...defaults(chapter), ...given }, seen);
  }

  function enter(chapter, state, seen) {
    current?.page.leave();
    const page = new Page(chapter, { ...state }, transport, changed);
    const module = MODULES[chapter.name];
    const figures = h("section", { className: "figures", "aria-label": "Figures" });
    const controls = h("section", { className: "controls", "aria-label": "Controls" });
    const explain = h("section", { className: "explain", "aria-label": "Explanation" });
    const problem = h("p", { className: "problem", role: "alert", hidden: true });
    const unveil = () => {
      current.seen = true;
      figures.classList.remove("veiled");
      memory.set(chapter.name, { state: page.state, seen: true });
      place.replace(address());
    };
    current = { page, seen, problem, figures, screen: null, view: null, busy: false, again: false };
    page.explain = explain;
    const view = module.build(page, { figures, controls, explain });
    current.view = view;
    const veil = h("div", { className: "veil" }, h("p", {}, "Predict first. Then see."),
      button("Show me", unveil, { className: "primary", data: { tool: "show" } }));
    figures.prepend(veil, problem);
    figures.classList.toggle("veiled", !seen && module.veil !== false);
    explain.prepend(exerciseCard(page, unveil));
    const screen = h("div", { className: `screen screen-${chapter.name}` }, controls, figures, explain);
    current.screen = screen;
    body.replaceChildren(h("h1", {}, chapter.question), screen);
    document.title = `${chapter.title} – Control as inference`;
    links.forEach((link) => {
      if (link.dataset.chapter === chapter.name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    memory.set(chapter.name, { state: page.state, seen });
    root.dataset.chapter = chapter.name;
    solve();
  }

  function changed(names, how) {
    const { page, screen, view } = current;
    if (screen) names.forEach((name) => light(screen, name));
    memory.set(page.chapter.name, { state: page.state, seen: current.seen });
    if (how === "commit" && place.hash() !== address()) place.push(address());
    if (how === "replace") place.replace(address());
    view?.changed?.(names);
    if (names.length) solve();
  }

  /** Ask for the screen's numbers and draw them; while one request runs, only the newest of the others is kept. */
  async function solve() {
    const own = current;
    if (own.busy) { own.again = true; return; }
    own.busy = true;
    root.dataset.busy = "yes";
    do {
      own.again = false;
      try {
        const answer = await own.page.ask("solve");
        if (own !== current) return;
        own.problem.hidden = true;
        own.view.draw(answer, own.page.state);
        root.answer = answer; // the numbers on the screen, for the console
      } catch (error) {
        if (own !== current) return;
        own.problem.textContent = error.message;
        own.problem.hidden = false;
      }
      root.dataset.drawn = String(Number(root.dataset.drawn || 0) + 1);
    } while (own.again);
    own.busy = false;
    delete root.dataset.busy;
    own.view.settled?.();
  }

  place.listen(follow);
  follow();
}
