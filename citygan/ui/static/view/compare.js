/** A line over the photo, to the right of which another one shows: the target or the pinned photo. */

import { slider, textButton } from "./controls.js";
import { el } from "./dom.js";

/** @typedef {"target" | "pinned"} Side */

/** @type {Side[]} */
const SIDES = ["target", "pinned"];

export class Comparison {
  #frame;
  #other = new Image();
  #line = el("div", "cg-split-line");
  #buttons;
  #split;
  /** @type {Record<Side, string | null>} */
  #sources = { target: null, pinned: null };
  /** @type {Side | null} */
  #side = null;

  /** @param {HTMLElement} frame holds the photo; the other one is laid over it */
  constructor(frame) {
    this.#frame = frame;
    this.#other.className = "cg-other";
    this.#other.alt = "";
    this.#other.draggable = false;
    frame.append(this.#other, this.#line);
    this.#split = slider("Compare", { value: 50 }, (percent) => this.#place(percent));
    this.#split.input.setAttribute("aria-label", "How much of the photo is shown, from the left");
    this.#buttons = SIDES.map((side) => ({
      side,
      node: textButton(`With ${side}`, () => this.#choose(side)),
    }));
    const buttons = this.#buttons.map(({ node }) => node);
    this.element = el("div", "cg-compare", ...buttons, this.#split.element);
    frame.addEventListener("pointermove", (event) => this.#follow(event));
    frame.addEventListener("pointerdown", (event) => {
      if (this.active) frame.setPointerCapture(event.pointerId);
      this.#follow(event);
    });
    this.#update();
  }

  /** Whether another photo is shown. */
  get active() {
    return this.#side !== null;
  }

  /** Gives the photo of a side, or takes it away. @param {Side} side @param {string | null} src */
  set(side, src) {
    this.#sources[side] = src;
    this.#update();
  }

  /** @param {Side} side */
  #choose(side) {
    this.#side = side === this.#side ? null : side;
    this.#update();
  }

  #update() {
    const src = this.#side && this.#sources[this.#side];
    if (!src) this.#side = null;
    for (const { side, node } of this.#buttons) {
      node.hidden = !this.#sources[side];
      node.setAttribute("aria-pressed", String(side === this.#side));
    }
    this.element.hidden = SIDES.every((side) => !this.#sources[side]);
    for (const node of [this.#split.element, this.#other, this.#line]) node.hidden = !src;
    if (src && this.#other.src !== src) this.#other.src = src;
  }

  /** @param {number} percent */
  #place(percent) {
    this.#frame.style.setProperty("--cg-split", `${percent}%`);
  }

  /** @param {PointerEvent} event */
  #follow({ buttons, clientX }) {
    if (!this.active || !buttons) return;
    const { left, width } = this.#frame.getBoundingClientRect();
    const percent = Math.min(100, Math.max(0, (100 * (clientX - left)) / width));
    this.#split.input.value = String(percent);
    this.#place(percent);
  }
}
