/** What a first visitor has to know, on the canvas until they paint. */

import { el } from "./dom.js";

const KEY = "citygan:has-painted";

/**
 * @param {HTMLElement} stage
 * @returns {HTMLElement} lets the pointer through, and is hidden for who has painted in this browser before
 */
export function buildHint(stage) {
  const element = el(
    "p",
    "cg-first",
    "Pick a colour, such as road or car, and ",
    el("strong", "", "paint here"),
    ": the photo follows.",
  );
  element.hidden = recall();
  const done = () => {
    element.hidden = true;
    remember();
  };
  stage.addEventListener("pointerdown", done, { once: true });
  stage.addEventListener("keydown", ({ key }) => {
    if (key === "Enter" || key === " ") done();
  });
  return element;
}

function recall() {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false; // the browser keeps nothing for this page: the hint comes again
  }
}

function remember() {
  try {
    localStorage.setItem(KEY, "yes");
  } catch {
    // as above
  }
}
