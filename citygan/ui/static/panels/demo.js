/**
 * Shows a first visitor, without a word, that painting changes the photo. All of it lies over the canvas and the photo:
 * the map, what is kept of it and the last photos never hear of it, and the first thing that the visitor does ends it.
 */

import { buildDemo, DEMO_MS, TURNED_MS } from "../core/demo.js";
import { mapPicture, pictureOf } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Draw } from "../core/draw.js" */
/** @import { Stamp } from "../core/stamps.js" */
/** @import { LabelMap } from "../core/wire.js" */
/** @import { Painter } from "../types.js" */

const KEY = "citygan:was-shown";
const FRAME_MS = 40;
const INPUTS = ["pointerdown", "keydown", "wheel", "touchstart"];

/**
 * @param {Painter} painter
 * @param {Stamp[]} stamps
 * @param {Draw} draw
 * @param {{stage: HTMLElement, photo: HTMLElement}} areas
 * @returns {() => void} shows it, if this is a first visit of somebody who has nothing against motion
 */
export function buildShow(painter, stamps, draw, { stage, photo }) {
  const { root } = painter;
  const over = el("canvas", "cg-demo-map");
  const pointer = el("span", "cg-demo-pointer");
  const ghost = el("div", "cg-demo", over, pointer);
  const picture = new Image();
  picture.className = "cg-demo-photo";
  picture.alt = "";
  ghost.setAttribute("aria-hidden", "true");
  let running = false;

  const end = () => {
    if (!running) return;
    running = false;
    for (const name of INPUTS) removeEventListener(name, end, true);
    ghost.remove();
    picture.remove();
    root.classList.remove("cg-showing");
  };

  const begin = async () => {
    running = true;
    root.classList.add("cg-showing");
    for (const name of INPUTS) addEventListener(name, end, { capture: true, passive: true });
    const { width, height } = painter;
    const map = { ids: painter.ids.slice(), width, height };
    const car = /** @type {Stamp} */ (stamps.find(({ name }) => name === "car"));
    const roadId = /** @type {number} */ (painter.classes.find(({ name }) => name === "road")?.id);
    const frameAt = buildDemo(map, car, roadId);
    const show = photos(draw, (url) => {
      if (!running) return;
      picture.src = url;
      photo.append(picture);
    });
    const turned = await draw({ ...map, ids: frameAt(DEMO_MS).ids }).then(pictureOf);
    if (!running) return;
    stage.append(ghost);
    const from = performance.now();
    let last = -Infinity;
    const step = () => {
      const ms = performance.now() - from;
      if (!running || ms >= DEMO_MS) return end();
      requestAnimationFrame(step);
      if (ms - last < FRAME_MS || (last > TURNED_MS && picture.src === turned.src)) return;
      last = ms;
      const { ids, pointer: at } = frameAt(ms);
      mapPicture({ ids, width, height }, painter.colorOf, over);
      pointer.style.left = `${(100 * at[0]) / width}%`;
      pointer.style.top = `${(100 * at[1]) / height}%`;
      pointer.hidden = ms > TURNED_MS;
      if (ms > TURNED_MS) show.last(turned.src);
      else show.next({ ids, width, height });
    };
    step();
  };

  painter.subscribe(end);
  return () => {
    const unwanted = matchMedia("(prefers-reduced-motion: reduce)").matches || painter.revision > 0;
    if (running || unwanted || !root.checkVisibility() || !isFirstVisit()) return;
    begin().catch(end); // without photos there is nothing to show
  };
}

/**
 * The photos of a map that changes: one is asked for at a time, and none comes after the last one.
 * @param {Draw} draw
 * @param {(url: string) => void} show
 */
function photos(draw, show) {
  let busy = false;
  let done = false;
  return {
    /** @param {LabelMap} map */
    next: async (map) => {
      if (busy) return;
      busy = true;
      const url = await draw(map).catch(() => "");
      busy = false;
      if (url && !done) show(url);
    },
    /** @param {string} url */
    last: (url) => {
      done = true;
      show(url);
    },
  };
}

/** Whether this browser was never shown it; from now on it was. */
function isFirstVisit() {
  try {
    if (localStorage.getItem(KEY) || localStorage.getItem("citygan:has-painted")) return false;
    localStorage.setItem(KEY, "yes");
    return true;
  } catch {
    return false; // the browser keeps nothing for this page, and every visit would be a first one
  }
}
