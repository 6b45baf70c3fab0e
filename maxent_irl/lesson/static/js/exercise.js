// The question of a screen: predict first, then see. The package checks the answer.

import { h, fresh, show } from "./dom.js";
import { button } from "./controls.js";

/** The card with a chapter's exercise. `page` gives the state and the place that is selected, if any. */
export function exerciseCard(page, onAnswered) {
  const exercise = page.chapter.exercise;
  const verdict = h("p", { className: "verdict", role: "status", "aria-live": "polite" });
  let answer = () => null;
  const body = [];
  if (exercise.kind === "number") {
    const id = fresh("answer");
    let moved = false;
    const output = h("output", { htmlFor: id }, "?");
    const input = h("input", { type: "range", id, min: exercise.low, max: exercise.high, step: exercise.step,
      value: exercise.low, "aria-label": "your prediction",
      oninput: () => { moved = true; output.textContent = show(Number(input.value)); } });
    answer = () => (moved ? Number(input.value) : null);
    body.push(h("div", { className: "answer-row" }, input, output));
  } else if (exercise.kind === "choice") {
    const name = fresh("answer");
    const inputs = exercise.options.map((text, i) => {
      const input = h("input", { type: "radio", name, value: i });
      return { input, element: h("label", {}, input, text) };
    });
    answer = () => {
      const chosen = inputs.findIndex(({ input }) => input.checked);
      return chosen < 0 ? null : chosen;
    };
    body.push(h("div", { className: "answers" }, inputs.map((i) => i.element)));
  } else if (exercise.kind === "place") {
    answer = () => page.place;
    const chosen = h("p", { className: "hint" });
    page.onPlace = (place, label) => { chosen.textContent = place === null ? "No place is selected yet." : `Selected: ${label}.`; };
    page.onPlace(null);
    body.push(chosen);
  }
  const check = button("Check", async () => {
    const given = answer();
    if (given === null && exercise.kind !== "check") {
      verdict.textContent = { place: "Select a place on the map first.", number: "Move the slider first." }[exercise.kind] ?? "Choose an answer first.";
      verdict.className = "verdict";
      return;
    }
    check.disabled = true;
    try {
      const said = await page.ask("check", given === null ? {} : { answer: given });
      verdict.className = `verdict ${said.right ? "right" : "wrong"}`;
      verdict.replaceChildren(h("strong", {}, said.right ? "Right. " : "Not yet. "), said.text);
      onAnswered();
    } catch (error) {
      verdict.className = "verdict wrong";
      verdict.textContent = error.message;
    }
    check.disabled = false;
  }, { className: "primary check" });
  const title = exercise.kind === "check" ? "Exercise" : "Predict first";
  return h("section", { className: "exercise", "aria-label": title },
    h("h2", {}, title), h("p", {}, exercise.text), h("div", { className: "ask" }, h("div", {}, body), check), verdict);
}
