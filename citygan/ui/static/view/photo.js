/** The box that the photo fills, and what lies over it while comparing. */

import { Comparison } from "./compare.js";
import { mapPicture, textButton } from "./controls.js";
import { el } from "./dom.js";

/** @import { LabelMap } from "../core/wire.js" */
/** @import { Painter, Shot } from "../types.js" */

/** @param {Painter} painter */
export function buildFrame(painter) {
  const hint = el("p", "cg-hint", "The photo appears here while you paint.");
  const map = el("canvas", "cg-behind");
  map.hidden = true;
  const element = el("div", "cg-photo-frame", hint, map);
  const compare = new Comparison(element);
  /** @type {Shot | null} */
  let shown = null;
  /** @type {HTMLElement} what the next photo takes the place of */
  let image = hint;

  /** @param {boolean} on */
  const hold = (on) => {
    if (!shown) return;
    if (on) mapPicture(shown.map, painter.colorOf, map);
    if (on) keepShape(map, shown.map);
    map.hidden = !on;
    element.classList.toggle("cg-holding", on);
  };
  const peek = textButton("Hold for map", () => {}, { title: "Hold to see the map in place of the photo" });
  peek.classList.add("cg-peek");
  whileHeld(peek, hold);
  whileHeld(element, hold, () => !compare.active);

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
    keepShape(next, shot.map);
    await next.decode();
    if (shown && shot.serial < shown.serial) return;
    shown = shot;
    Object.assign(next.dataset, { crc32: shot.crc32, revision: shot.revision, seed: shot.seed ?? "" });
    image.replaceWith(next);
    image = next;
  }
  return { element, peek, compare, show };
}

/** Keeps a picture in its map's shape while the frame has another one. @param {HTMLElement} picture @param {LabelMap} map */
function keepShape(picture, { width, height }) {
  picture.style.setProperty("--cg-shape", String(width / height));
}

/**
 * Tells when an element begins and ends to be pressed, by a pointer or a key.
 * @param {HTMLElement} node
 * @param {(on: boolean) => void} tell
 * @param {() => boolean} [when] a pointer counts
 */
function whileHeld(node, tell, when = () => true) {
  node.addEventListener("pointerdown", (event) => {
    if (!when()) return;
    event.preventDefault();
    node.focus();
    tell(true);
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave", "keyup", "blur"]) {
    node.addEventListener(end, () => tell(false));
  }
  node.addEventListener("keydown", ({ key }) => {
    if (key === " " || key === "Enter") tell(true);
  });
}
