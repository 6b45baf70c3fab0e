// The page in a notebook: the kernel answers, and the address is kept by the widget.

import { h } from "./dom.js";
import { mount } from "./shell.js";

/** Over the messages of a widget. */
function kernelTransport(model) {
  let serial = 0;
  const waiting = new Map();
  model.on("msg:custom", (message) => {
    const asked = waiting.get(message.id);
    if (!asked) return;
    if (message.frame) { asked.each?.(message.frame); return; }
    waiting.delete(message.id);
    if (message.error) asked.fail(new Error(message.error));
    else asked.done(message.answer);
  });
  const send = (chapter, operation, body, each) => new Promise((done, fail) => {
    serial += 1;
    waiting.set(serial, { done, fail, each });
    model.send({ id: serial, chapter, operation, body });
  });
  return {
    lesson: () => send(null, "lesson", null),
    call: (chapter, operation, body) => send(chapter, operation, body),
    stream: (chapter, operation, body, each, signal) =>
      send(chapter, operation, body, (frame) => { if (!signal.aborted) each(frame); }),
  };
}

function render({ model, el }) {
  const root = h("div", { className: "lesson" });
  root.style.height = `${model.get("height")}px`;
  root.style.overflow = "auto";
  el.append(root);
  const keep = (hash) => { model.set("hash", hash); model.save_changes(); };
  mount(root, kernelTransport(model), {
    hash: () => model.get("hash"),
    push: keep,
    replace: keep,
    listen: (changed) => model.on("change:hash", changed),
    link: () => model.get("hash"),
  });
}

export default { render };
