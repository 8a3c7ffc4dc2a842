/** The line below the canvas: what is in hand, what happened last, and what is under the pointer. */

import { cssColor } from "../core/colors.js";
import { el } from "./dom.js";

export function buildStatus() {
  const swatch = el("span", "cg-swatch");
  const name = el("span");
  const message = el("span", "cg-message");
  const place = el("span", "cg-place");
  message.setAttribute("role", "status");
  let ofMap = false; // whether the message is of what was painted
  /** @param {string} text @param {boolean} [warning] */
  const say = (text, warning = false) => {
    ofMap = false;
    message.textContent = text;
    message.title = text; // it may be longer than two lines
    message.classList.toggle("cg-warning", warning);
  };
  return {
    element: el("div", "cg-status", el("span", "cg-in-hand", swatch, name), message, place),
    say,
    /** Says what was painted, until something else is in hand. @param {string} text */
    sayPainted: (text) => {
      say(text);
      ofMap = true;
    },
    /** @param {{name: string, color: number[]}} thing a class or a stamp */
    setHand: (thing) => {
      if (ofMap && thing.name !== name.textContent) say("");
      swatch.style.background = cssColor(thing.color);
      name.textContent = thing.name;
    },
    /** @param {string} text */
    setPlace: (text) => {
      place.textContent = text;
    },
  };
}
