/** The stamp tool: things that stand on the ground, and can be picked up again until something is painted over them. */

import { boundsOf, objectAt, outlinesOf } from "../core/objects.js";
import { findHorizon } from "../core/stamps.js";

/** @import { Placed } from "../core/objects.js" */
/** @import { ToolPoint } from "./tools.js" */
/** @import { Toolbox } from "./toolbox.js" */

const DRAG_PX = 4; // of the screen, from which on a press moves what it is on
const STEP = 1.15; // times larger
const SCALES = { least: 0.3, most: 4 };
const GAP_PX = 2; // between a copy and its original

export class Stamper {
  #box;
  #changed;
  /** @type {number | null} key of what is picked */
  #picked = null;
  /** @type {{object: Placed, from: ToolPoint, moved: boolean} | null} what the pointer holds */
  #held = null;
  #keys = 0;
  #horizon = 0;
  #seen = -1; // revision of the map whose horizon that is

  /** @param {Toolbox} box @param {() => void} changed called when another thing is picked */
  constructor(box, changed) {
    this.#box = box;
    this.#changed = changed;
  }

  /** The thing that keys and buttons change. */
  get picked() {
    return this.#box.state.objects.find(({ key }) => key === this.#picked) ?? null;
  }

  /** Whether the pointer, or the keyboard's cursor, has a thing. */
  get holds() {
    return this.#held !== null;
  }

  /** Whether it is on the way. */
  get moving() {
    return this.#held?.moved ?? false;
  }

  /** @param {ToolPoint} point */
  down(point) {
    const object = this.#at(point);
    this.#held = object && { object, from: point, moved: false };
    this.pick(object);
    if (!object) this.hover(point);
  }

  /** @param {ToolPoint} point */
  move(point) {
    if (!this.#held) return this.hover(point);
    const { object, from, moved } = this.#held;
    const [dx, dy] = [point.x - from.x, point.y - from.y];
    if (!moved && Math.hypot(dx, dy) * this.#box.surface.scale < DRAG_PX) return;
    this.#held.moved = true;
    const horizon = this.#findHorizon();
    const y = Math.max(object.y + dy, horizon + 1); // held where the ground ends
    this.#replace(object.key, { ...object, x: object.x + dx, y, horizon });
    this.#box.state.flush();
    this.rest();
  }

  /** @param {ToolPoint} point */
  up(point) {
    const held = this.#held;
    this.#held = null;
    if (held?.moved) this.#box.state.commit(`move, ${held.object.stamp.name}`);
    else if (!held) this.#place(point);
    this.rest();
  }

  /** @param {ToolPoint} point */
  hover(point) {
    const { surface, stamp } = this.#box;
    const over = this.#at(point);
    surface.element.classList.toggle("cg-over-object", over !== null);
    surface.marks.showCursor(point.x, point.y, 0);
    if (over) return this.#outline([over]);
    const stands = this.#stands(point);
    this.#outline(stands ? [this.#standing(stamp, point)] : []);
  }

  /** Shows what is picked, and nothing else. */
  rest() {
    this.#box.surface.element.classList.remove("cg-over-object");
    this.#outline([]);
  }

  /** @param {Placed | null} object */
  pick(object) {
    const key = object?.key ?? null;
    if (key === this.#picked) return;
    this.#picked = key;
    this.rest();
    this.#changed();
  }

  /** Lets go of what is held; the state takes back how it was moved. */
  drop() {
    this.#held = null;
  }

  /** @param {1 | -1} direction larger or smaller */
  scale(direction) {
    const { picked } = this;
    if (!picked || this.#held) return;
    const scale = Math.min(SCALES.most, Math.max(SCALES.least, picked.scale * STEP ** direction));
    this.#replace(picked.key, { ...picked, scale });
    this.#finish(direction > 0 ? "larger" : "smaller", picked);
  }

  /** Puts another one beside it. */
  copy() {
    const { picked } = this;
    if (!picked || this.#held) return;
    const { x0, x1 } = boundsOf(picked);
    const step = x1 - x0 + GAP_PX;
    const x = picked.x + (x1 + step > this.#box.state.width && x0 - step >= 0 ? -step : step);
    const copy = { ...picked, key: ++this.#keys, x };
    this.#box.state.arrange([...this.#box.state.objects, copy]);
    this.#finish("copy", copy);
    this.pick(copy);
  }

  remove() {
    const { picked } = this;
    if (!picked || this.#held) return;
    this.#box.state.arrange(this.#box.state.objects.filter((object) => object !== picked));
    this.pick(null);
    this.#finish("delete", picked);
  }

  /** @param {ToolPoint} point */
  #place(point) {
    const box = this.#box;
    if (!box.inside(point)) return;
    if (!this.#stands(point)) return box.say("Stamps stand on the ground: choose a place below the horizon");
    const object = this.#standing(box.stamp, point);
    box.state.arrange([...box.state.objects, object]);
    this.#finish("stamp", object);
    this.pick(object);
  }

  /** @param {Placed["stamp"]} stamp @param {{x: number, y: number}} point @returns {Placed} */
  #standing(stamp, { x, y }) {
    return { key: ++this.#keys, stamp, x, y, horizon: this.#findHorizon(), scale: 1 };
  }

  /** Whether there is ground at a point. @param {{x: number, y: number}} point */
  #stands(point) {
    const { state, skyId } = this.#box;
    if (!this.#box.inside(point)) return point.y >= state.height;
    const horizon = this.#findHorizon();
    return point.y > horizon && state.at(Math.floor(point.x), Math.floor(point.y)) !== skyId;
  }

  #findHorizon() {
    const { state, roadId } = this.#box;
    if (this.#held?.moved) return this.#horizon;
    if (state.revision !== this.#seen) this.#horizon = findHorizon(state.ground, roadId);
    this.#seen = state.revision;
    return this.#horizon;
  }

  /** @param {{x: number, y: number}} point */
  #at({ x, y }) {
    const { state } = this.#box;
    return objectAt(state.objects, state, Math.floor(x), Math.floor(y));
  }

  /** @param {number} key @param {Placed} object what stands there instead */
  #replace(key, object) {
    const { state } = this.#box;
    state.arrange(state.objects.map((other) => (other.key === key ? object : other)));
  }

  /** @param {string} what @param {Placed} object */
  #finish(what, object) {
    this.#box.state.commit(`${what}, ${object.stamp.name}`);
    this.rest();
  }

  /** @param {Placed[]} objects */
  #outline(objects) {
    const all = [...objects, this.picked].filter((object) => object !== null);
    const lines = all.flatMap((object) => outlinesOf(object).map((part) => part.points));
    this.#box.surface.marks.showLines(lines, { closed: true });
  }
}
