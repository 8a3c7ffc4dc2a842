/** Done, Undo and Cancel beside a polygon that a finger draws, in place of the keys. */

import { textButton } from "./controls.js";
import { el } from "./dom.js";

/** @import { Toolbox } from "./toolbox.js" */

const GAP_PX = 32; // between the last corner and the buttons, which a finger must not hide

/** @param {Toolbox} tools @returns {HTMLElement} for the box around the stage */
export function buildFinish(tools) {
  const { surface } = tools;
  const buttons = [
    textButton("Done", () => tools.finish()),
    textButton("Undo corner", () => tools.stepBack()),
    textButton("Cancel", () => tools.abort()),
  ];
  const element = el("div", "cg-finish", ...buttons);
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Polygon");
  element.hidden = true;
  surface.element.addEventListener("cg-polygon", (event) => {
    const { corners, byTouch } = /** @type {CustomEvent} */ (event).detail;
    element.hidden = !byTouch;
    if (!byTouch) return;
    buttons[0].disabled = corners.length < 3;
    const [x, y] = corners[corners.length - 1];
    place(element, surface.toStage(x, y), surface.element);
  });
  return element;
}

/**
 * Below a point of the stage, or above it where there is no room, and always inside.
 * @param {HTMLElement} element
 * @param {number[]} point
 * @param {HTMLElement} stage
 */
function place(element, [x, y], stage) {
  const { offsetWidth: width, offsetHeight: height } = element;
  const below = y + GAP_PX;
  const top = below + height <= stage.clientHeight ? below : y - GAP_PX - height;
  element.style.left = `${Math.max(4, Math.min(stage.clientWidth - width - 4, x - width / 2))}px`;
  element.style.top = `${Math.max(4, top)}px`;
}
