/** How large the map is shown, and the way back to all of it; hidden while all of it is shown. */

import { textButton } from "./controls.js";
import { el } from "./dom.js";

/** @import { Surface } from "./surface.js" */

/** @param {Surface} surface @param {() => void} fit */
export function buildZoom(surface, fit) {
  const figure = el("span", "cg-zoom-figure");
  const button = textButton("Fit", fit, { className: "cg-fit", title: "Fit the whole map (F)" });
  const element = el("div", "cg-zoom", figure, button);
  element.hidden = true;
  surface.element.addEventListener("cg-view", () => {
    element.hidden = surface.fitted;
    figure.textContent = `${Math.round(100 * surface.framing.zoom)}%`;
  });
  return element;
}
