/** What a time-lapse is made of. */

const MOST_FRAMES = 240; // beyond it every second one is dropped, and half as many are taken from then on

/** A photo and its map, small, and the shape of both: width / height. @typedef {{photo: string, map: import("./wire.js").LabelMap, aspect: number}} Frame */

/** Keeps frames of the whole session, evenly over what happened, however long it lasts. */
export class Frames {
  /** @type {Frame[]} */
  #kept = [];
  #every = 1;
  #seen = 0;
  /** @type {Frame | null} */
  #newest = null;

  /** @param {Frame} frame */
  add(frame) {
    this.#newest = frame;
    if (this.#seen++ % this.#every) return;
    this.#kept.push(frame);
    if (this.#kept.length <= MOST_FRAMES) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#every *= 2;
  }

  /** @returns {Frame[]} oldest first; the newest is always among them */
  get all() {
    return this.#kept.at(-1) === this.#newest || !this.#newest
      ? [...this.#kept]
      : [...this.#kept, this.#newest];
  }
}
