/** The box that the photo fills, and what lies over it while comparing. */

import { chooseSide } from "./compare.js";
import { mapPicture, textButton } from "./controls.js";
import { el } from "./dom.js";

/** @import { Painter, Shot } from "../types.js" */

/** @param {Painter} painter */
export function buildFrame(painter) {
  const hint = el("p", "cg-hint", "The photo appears here while you paint.");
  const map = el("canvas", "cg-behind");
  map.hidden = true;
  const element = el("div", "cg-photo-frame", hint, map);
  element.style.aspectRatio = `${painter.width} / ${painter.height}`;
  const compare = chooseSide(element);
  /** @type {Shot | null} */
  let shown = null;
  /** @type {HTMLElement} what the next photo takes the place of */
  let image = hint;

  /** @param {boolean} on */
  const hold = (on) => {
    if (!shown) return;
    if (on) mapPicture(shown.map, painter.colorOf, map);
    map.hidden = !on;
    element.classList.toggle("cg-holding", on);
  };
  const peek = textButton("Hold for map", () => {}, { title: "Hold to see the map in place of the photo" });
  for (const node of [peek, element]) {
    node.addEventListener("pointerdown", (event) => {
      if (node === element && compare.active) return;
      event.preventDefault();
      node.focus();
      hold(true);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
      node.addEventListener(end, () => hold(false));
  }
  peek.addEventListener("keydown", ({ key }) => {
    if (key === " " || key === "Enter") hold(true);
  });
  peek.addEventListener("keyup", () => hold(false));
  peek.addEventListener("blur", () => hold(false));

  /**
   * Swaps the photo once it is decoded: it never flickers, and no older one comes back.
   * @param {Shot} shot
   */
  async function show(shot) {
    const next = new Image();
    next.className = "cg-shot";
    next.alt = "The street photo made from your map";
    next.draggable = false;
    next.src = shot.photo;
    await next.decode();
    if (shown && shot.serial < shown.serial) return;
    shown = shot;
    Object.assign(next.dataset, { crc32: shot.crc32, revision: shot.revision, seed: shot.seed ?? "" });
    image.replaceWith(next);
    image = next;
  }
  return { element, peek, compare, show };
}
