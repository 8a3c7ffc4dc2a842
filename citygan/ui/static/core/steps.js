/**
 * The steps of a map's history. A step is the run-length difference between the map before it and after it, so a hundred
 * steps cost about as much memory as what was really painted; where the map took another shape, it is both maps, packed.
 */

/** @import { Scene } from "./objects.js" */
/** @import { Bytes, WireMap } from "./wire.js" */

/** @typedef {{x0: number, y0: number, x1: number, y1: number}} Rect half open: x1 and y1 lie outside */

/**
 * Pixels that changed: `lengths[n]` of them from `starts[n]` on were `before[n]` and are `after[n]`.
 * @typedef {{rect: Rect, starts: Uint32Array, lengths: Uint32Array, before: Uint8Array, after: Uint8Array}} Painting
 */

/**
 * What a step changed: pixels, or the map's shape and with it all of them; and the objects on the map.
 * @typedef {{note: string, scenes: Record<"before" | "after", Scene>} &
 *   ({painting: Painting} | {shapes: Record<"before" | "after", WireMap>})} Step
 */

/** A step that changed objects that look alike. @type {Painting} */
export const UNSEEN = {
  rect: { x0: 0, y0: 0, x1: 0, y1: 0 },
  starts: new Uint32Array(),
  lengths: new Uint32Array(),
  before: new Uint8Array(),
  after: new Uint8Array(),
};

/**
 * The smallest rectangle around both.
 * @template {Rect | null} T
 * @param {Rect | null} a
 * @param {T} b
 * @returns {Rect | T}
 */
export function union(a, b) {
  if (!a) return b;
  if (!b) return a;
  return {
    x0: Math.min(a.x0, b.x0),
    y0: Math.min(a.y0, b.y0),
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
  };
}

/**
 * The runs in which two maps differ inside a rectangle; the first one becomes the second one.
 * @param {Bytes} old
 * @param {Bytes} ids
 * @param {number} width
 * @param {Rect} rect
 * @returns {Painting | null} null where they are the same
 */
export function difference(old, ids, width, rect) {
  /** @type {number[]} */
  const starts = [];
  /** @type {number[]} */
  const lengths = [];
  /** @type {number[]} */
  const before = [];
  /** @type {number[]} */
  const after = [];
  for (let y = rect.y0; y < rect.y1; y++) {
    const end = y * width + rect.x1;
    for (let i = y * width + rect.x0; i < end; i++) {
      const [was, is] = [old[i], ids[i]];
      if (was === is) continue;
      const last = starts.length - 1;
      if (last >= 0 && starts[last] + lengths[last] === i && before[last] === was && after[last] === is) {
        lengths[last]++;
      } else {
        starts.push(i);
        lengths.push(1);
        before.push(was);
        after.push(is);
      }
      old[i] = is;
    }
  }
  if (!starts.length) return null;
  return {
    rect,
    starts: Uint32Array.from(starts),
    lengths: Uint32Array.from(lengths),
    before: Uint8Array.from(before),
    after: Uint8Array.from(after),
  };
}
