// The page in a browser: the server answers, and the address holds the state.

import { httpTransport } from "./transport.js";
import { mount } from "./shell.js";

const place = {
  hash: () => location.hash,
  push: (hash) => history.pushState(null, "", hash),
  replace: (hash) => history.replaceState(null, "", hash),
  listen: (changed) => {
    addEventListener("popstate", changed);
    addEventListener("hashchange", changed);
  },
  link: () => location.href,
};

mount(document.getElementById("lesson"), httpTransport(), place);
