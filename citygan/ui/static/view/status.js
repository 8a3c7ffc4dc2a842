/** The line below the canvas: what is in hand, what happened last, and what is under the pointer. */

import { cssColor } from "../core/colors.js";
import { el } from "./dom.js";

export function buildStatus() {
  const swatch = el("span", "cg-swatch");
  const name = el("span");
  const message = el("span", "cg-message");
  const place = el("span", "cg-place");
  message.setAttribute("role", "status");
  return {
    element: el("div", "cg-status", el("span", "cg-in-hand", swatch, name), message, place),
    /** @param {string} text @param {boolean} [warning] */
    say: (text, warning = false) => {
      message.textContent = text;
      message.classList.toggle("cg-warning", warning);
    },
    /** @param {{name: string, color: number[]}} thing a class or a stamp */
    setHand: (thing) => {
      swatch.style.background = cssColor(thing.color);
      name.textContent = thing.name;
    },
    /** @param {string} text */
    setPlace: (text) => {
      place.textContent = text;
    },
  };
}
