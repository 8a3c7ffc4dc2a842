/** A line over the photo, to the right of which another one shows: the target or the pinned photo. */

import { slider, textButton } from "./controls.js";
import { el } from "./dom.js";

/** @typedef {"target" | "pinned"} Side */

/**
 * @typedef {object} SideBySide
 * @property {HTMLElement} element
 * @property {boolean} active whether another photo is shown
 * @property {(src: string | null) => void} setTarget
 * @property {(src: string | null) => void} setPinned
 */

/**
 * @param {HTMLElement} frame holds the photo; the other one is laid over it
 * @returns {SideBySide}
 */
export function chooseSide(frame) {
  /** @type {Record<Side, string | null>} */
  const sources = { target: null, pinned: null };
  const other = new Image();
  other.className = "cg-other";
  other.alt = "";
  other.draggable = false;
  const line = el("div", "cg-split-line");
  other.hidden = line.hidden = true;
  frame.append(other, line);
  /** @type {Side | null} */
  let side = null;

  const split = slider("Compare", { value: 50 }, (share) =>
    frame.style.setProperty("--cg-split", `${share}%`),
  );
  split.input.setAttribute("aria-label", "How much of the photo is shown, from the left");
  const buttons = {
    target: textButton("With target", () => choose("target")),
    pinned: textButton("With pinned", () => choose("pinned")),
  };
  const element = el("div", "cg-compare", ...Object.values(buttons), split.element);

  /** @param {Side} next */
  function choose(next) {
    side = next === side || !sources[next] ? null : next;
    update();
  }

  function update() {
    if (side && !sources[side]) side = null;
    for (const name of /** @type {Side[]} */ (["target", "pinned"])) {
      buttons[name].hidden = !sources[name];
      buttons[name].setAttribute("aria-pressed", String(name === side));
    }
    element.hidden = !sources.target && !sources.pinned;
    split.element.hidden = other.hidden = line.hidden = !side;
    const src = side && sources[side];
    if (src && other.src !== src) other.src = src;
  }

  /** @param {PointerEvent} event */
  const follow = (event) => {
    if (!side || !event.buttons) return;
    const box = frame.getBoundingClientRect();
    const share = Math.min(100, Math.max(0, (100 * (event.clientX - box.left)) / box.width));
    split.input.value = String(share);
    frame.style.setProperty("--cg-split", `${share}%`);
  };
  frame.addEventListener("pointermove", follow);
  frame.addEventListener("pointerdown", (event) => {
    if (side) frame.setPointerCapture(event.pointerId);
    follow(event);
  });

  update();
  return {
    element,
    get active() {
      return side !== null;
    },
    setTarget: (src) => {
      sources.target = src;
      update();
    },
    setPinned: (src) => {
      sources.pinned = src;
      update();
    },
  };
}
