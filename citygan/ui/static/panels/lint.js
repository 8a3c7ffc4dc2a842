/** The notes on the map, one line each, with a button that mends it. */

import { lint } from "../core/lint.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Finding } from "../core/lint.js" */
/** @import { Painter } from "../types.js" */

const AFTER_MS = 500; // without a change

/**
 * The list of findings, brought up to date when the painter pauses.
 * @param {Painter} painter
 */
export function buildLint(painter) {
  const element = el("section", "cg-lint");
  element.setAttribute("aria-label", "Notes on the map");
  element.hidden = true;
  const idle = window.requestIdleCallback ?? setTimeout; // Safari has no such call
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const update = () => {
    if (painter.stroking) return;
    const lines = lint(painter, painter.classes, painter.stamped).map((finding) => buildLine(finding));
    element.replaceChildren(...lines);
    element.hidden = !lines.length;
    element.dataset.revision = String(painter.revision);
  };

  /** @param {Finding} finding */
  const buildLine = ({ key, text, button, mend }) => {
    const mending = textButton(button, () => {
      painter.setMap(mend(), button);
      painter.say(`Done: ${button.toLowerCase()}`);
      update();
      (element.querySelector("button") ?? painter).focus();
    });
    const line = el("div", "cg-lint-line", el("span", "", text), mending);
    line.dataset.key = key;
    return line;
  };

  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => idle(update), AFTER_MS);
  };
  painter.subscribe(soon);
  soon();
  return { element };
}
