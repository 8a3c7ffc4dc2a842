/** The map being painted: one class id a pixel, its history, and who wants to know about changes. */

import { withRegion } from "./again.js";
import { History } from "./history.js";
import { arranged, groundOf, NOTHING, settled } from "./objects.js";
import { difference, UNSEEN, union } from "./steps.js";
import { decodeMap, encodeMap } from "./wire.js";

/** @import { Again, Span } from "./again.js" */
/** @import { Placed, Scene } from "./objects.js" */
/** @import { Painting, Rect, Step } from "./steps.js" */
/** @import { Bytes, LabelMap } from "./wire.js" */

/** `reshaped`: whether width and height are others now. @typedef {{revision: number, final: boolean, rect: Rect, note: string, reshaped: boolean}} Change */

/** What a step was, and the regions drawn again around it. @typedef {Step & {again: Record<"before" | "after", Again | null>}} Kept */

export class MapState {
  #before; // the map as the last finished step left it
  /** @type {Again | null} as the last finished step left them */
  #againBefore = null;
  /** @type {Rect | null} what the step in progress touched */
  #dirty = null;
  /** @type {Rect | null} what it touched since the last notice */
  #fresh = null;
  /** @type {History<Kept>} */
  #history = new History();
  /** @type {Set<(change: Change) => void>} */
  #listeners = new Set();
  /** @type {Scene} the objects of the map that the last finished step left */
  #scene = NOTHING;
  /** @type {Scene | null} those of the step in progress, where it arranges them */
  #arranging = null;

  /**
   * @param {number} width
   * @param {number} height
   * @param {Bytes} [ids] row by row; unlabeled without
   */
  constructor(width, height, ids = new Uint8Array(width * height)) {
    this.width = width;
    this.height = height;
    this.ids = ids;
    /** pixels of each class id, always up to date */
    this.counts = new Uint32Array(256);
    for (const id of ids) this.counts[id]++;
    this.revision = 0;
    this.stroking = false;
    this.#before = this.ids.slice();
    /** @type {Again | null} regions of the photo that have seeds of their own */
    this.again = null;
  }

  /** @param {(change: Change) => void} listener @returns {() => void} ends the subscription */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  /** The step that would be taken back next. */
  get step() {
    return this.#history.last;
  }

  /** Whether a step is part of the map: it was not taken back, nor forgotten after many others. @param {Kept | undefined} step */
  holds(step) {
    return this.#history.holds(step);
  }

  /** @param {number} x @param {number} y */
  at(x, y) {
    return this.ids[y * this.width + x];
  }

  /** What stands on the map and can still be moved. */
  get objects() {
    return (this.#arranging ?? this.#scene).objects;
  }

  /** The map as the last finished step left it, without its objects. @returns {LabelMap} */
  get ground() {
    return { ...this.#finished, ids: groundOf(this.#finished, this.#scene) };
  }

  get #finished() {
    return { ids: this.#before, width: this.width, height: this.height };
  }

  /**
   * Puts other objects on the map, in the step that `commit` ends.
   * @param {readonly Placed[]} objects
   */
  arrange(objects) {
    const { ids, scene } = arranged(this.#finished, this.#scene, objects);
    this.#arranging = scene;
    for (let y = 0; y < this.height; y++) {
      let [x0, x1] = [this.width, 0];
      for (let x = 0, i = y * this.width; x < this.width; x++, i++) {
        if (this.ids[i] === ids[i]) continue;
        this.#put(i, ids[i]);
        x0 = Math.min(x0, x);
        x1 = x + 1;
      }
      if (x1) this.#touch({ x0, y0: y, x1, y1: y + 1 });
    }
  }

  /**
   * Paints pixels x0 to x1 - 1 of row y, clipped to the map. They belong to the step that `commit` ends.
   * @param {number} y
   * @param {number} x0
   * @param {number} x1
   * @param {number} id
   */
  span(y, x0, x1, id) {
    if (y < 0 || y >= this.height) return;
    const from = Math.max(0, x0);
    const to = Math.min(this.width, x1);
    let first = -1;
    let last = -1;
    const { ids, counts } = this;
    for (let i = y * this.width + from, end = y * this.width + to; i < end; i++) {
      if (ids[i] === id) continue;
      counts[ids[i]]--;
      counts[id]++;
      ids[i] = id;
      if (first < 0) first = i;
      last = i;
    }
    if (first < 0) return;
    const row = y * this.width;
    this.#touch({ x0: first - row, y0: y, x1: last - row + 1, y1: y + 1 });
  }

  /** @param {Rect} rect */
  #touch(rect) {
    this.#dirty = union(this.#dirty, rect);
    this.#fresh = union(this.#fresh, rect);
  }

  /** Tells listeners what was painted since the last notice; the stroke goes on. */
  flush() {
    if (!this.#fresh) return;
    this.stroking = true;
    this.#notify(this.#fresh, false, "");
  }

  /**
   * Ends the step and keeps it in the history; a step that changed nothing leaves no trace.
   * @param {string} note what it was, for people
   */
  commit(note) {
    this.stroking = false;
    const scene = this.#arranging ?? settled(this.#finished, this.#scene, this.ids);
    const painting = this.#dirty && difference(this.#before, this.ids, this.width, this.#dirty);
    if (painting || scene !== this.#scene || this.again !== this.#againBefore) {
      this.#remember({ painting: painting ?? UNSEEN, scenes: { before: this.#scene, after: scene }, note });
    }
    this.#scene = scene;
    this.#arranging = null;
    if (this.#dirty) this.#notify(this.#dirty, true, note);
    this.#dirty = null;
  }

  /**
   * Draws a region of the photo again, in one step.
   * @param {Span[]} spans
   * @param {number} seed
   * @param {string} note
   */
  renew(spans, seed, note) {
    this.cancel();
    this.again = withRegion(this.again, this, spans, seed);
    if (this.again === this.#againBefore) return;
    this.#touch({ x0: 0, y0: 0, x1: this.width, y1: this.height });
    this.commit(note);
  }

  /** @param {Step} step */
  #remember(step) {
    this.#history.keep({ ...step, again: { before: this.#againBefore, after: this.again } });
    this.#againBefore = this.again;
  }

  /** Takes back the step in progress. */
  cancel() {
    this.stroking = false;
    this.#arranging = null;
    if (!this.#dirty) return;
    const rect = this.#dirty;
    for (let y = rect.y0; y < rect.y1; y++) {
      const row = y * this.width;
      for (let i = row + rect.x0; i < row + rect.x1; i++) this.#put(i, this.#before[i]);
    }
    this.#dirty = null;
    this.#notify(rect, true, "");
  }

  /**
   * Replaces the whole map in one step.
   * @param {Bytes} ids
   * @param {string} note
   * @param {{width: number, height: number}} [size] as it was before, where not given
   * @param {Again | null} [again] regions that are drawn again; as they were, where not given
   */
  replace(ids, note, { width, height } = this, again = this.again) {
    if (ids.length !== width * height)
      throw new RangeError(`${ids.length} ids for a map of ${width} x ${height}`);
    this.cancel();
    this.again = again;
    if (width !== this.width || height !== this.height) return this.#reshape({ ids, width, height }, note);
    for (let i = 0; i < ids.length; i++) this.#put(i, ids[i]);
    this.#touch({ x0: 0, y0: 0, x1: this.width, y1: this.height });
    this.#arranging = NOTHING;
    return this.commit(note);
  }

  /** @param {LabelMap} map @param {string} note */
  #reshape(map, note) {
    const shapes = { before: encodeMap(this, 0, true), after: encodeMap(map, 0, true) };
    this.#remember({ shapes, scenes: { before: this.#scene, after: NOTHING }, note });
    this.#scene = NOTHING;
    this.#become(map, note);
  }

  /** @param {LabelMap} map of another shape @param {string} note */
  #become({ ids, width, height }, note) {
    Object.assign(this, { ids: ids.slice(), width, height });
    this.#before = ids.slice();
    this.counts.fill(0);
    for (const id of ids) this.counts[id]++;
    this.#notify({ x0: 0, y0: 0, x1: width, y1: height }, true, note, true);
  }

  /** Begins with another map: nothing that was before can be undone. @param {LabelMap} map @param {Again | null} [again] */
  begin(map, again = null) {
    this.replace(map.ids, "", map, again);
    this.#againBefore = again;
    this.#history.clear();
  }

  /** @returns {string | null} the note of the step that was taken back */
  undo() {
    return this.#travel("before");
  }

  /** @returns {string | null} the note of the step that was done again */
  redo() {
    return this.#travel("after");
  }

  /** @param {number} i @param {number} id */
  #put(i, id) {
    this.counts[this.ids[i]]--;
    this.counts[id]++;
    this.ids[i] = id;
  }

  /** @param {"before" | "after"} side */
  #travel(side) {
    this.cancel();
    const step = this.#history.travel(side);
    if (!step) return null;
    this.#scene = step.scenes[side];
    this.again = step.again[side];
    this.#againBefore = this.again;
    if ("shapes" in step) this.#become(decodeMap(step.shapes[side]), step.note);
    else this.#repaint(step.painting, side, step.note);
    return step.note;
  }

  /** @param {Painting} step @param {"before" | "after"} side @param {string} note */
  #repaint(step, side, note) {
    for (let n = 0; n < step.starts.length; n++) {
      const end = step.starts[n] + step.lengths[n];
      for (let i = step.starts[n]; i < end; i++) this.#put(i, step[side][n]);
      this.#before.fill(step[side][n], step.starts[n], end);
    }
    this.#notify(step.rect, true, note);
  }

  /** @param {Rect} rect @param {boolean} final @param {string} note */
  #notify(rect, final, note, reshaped = false) {
    this.#fresh = null;
    this.revision++;
    const change = { revision: this.revision, final, rect, note, reshaped };
    for (const listener of this.#listeners) listener(change);
  }
}
