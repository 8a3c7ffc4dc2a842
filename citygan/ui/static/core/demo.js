/** What a first visitor is shown, as a function of time: a stroke on the road that turns into a car. */

import { polygon, stroke } from "./shapes.js";
import { findHorizon, placeStamp } from "./stamps.js";

/** @import { Stamp } from "./stamps.js" */
/** @import { Bytes, LabelMap } from "./wire.js" */

const BEGINS_MS = 400;
const PAINTED_MS = 2000;
/** From here on the map does not change any more. */
export const TURNED_MS = 2200;
/** How long all of it takes. */
export const DEMO_MS = 4800;

const FOOT = { x: 0.36, y: 0.94 }; // where the car stands, in widths and heights of the map
const PASSES = 3; // of the brush over it, from the top down

/**
 * @param {LabelMap} map not changed
 * @param {Stamp} car
 * @param {number} roadId
 * @returns {(ms: number) => {ids: Bytes, pointer: [number, number]}} the map after so many milliseconds, and where the
 *   brush is, in pixels
 */
export function buildDemo(map, car, roadId) {
  const { width, height } = map;
  const parts = placeStamp(car, FOOT.x * width, FOOT.y * height, findHorizon(map, roadId));
  const corners = parts.flatMap(({ points }) => points);
  const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const brush = Math.max(1, (bottom - top) / (PASSES + 1));
  const row = (/** @type {number} */ pass) => top + ((pass + 0.5) * (bottom - top)) / PASSES;
  /** @param {number} along 0 to `PASSES` @returns {[number, number]} */
  const at = (along) => {
    const pass = Math.min(PASSES - 1, Math.floor(along));
    const across = pass % 2 ? 1 - (along - pass) : along - pass;
    return [left + brush + across * (right - left - 2 * brush), row(pass)];
  };
  return (ms) => {
    const ids = map.ids.slice();
    /** @param {number} id */
    const paint = (id) => (/** @type {number} */ y, /** @type {number} */ x0, /** @type {number} */ x1) => {
      if (y >= 0 && y < height) ids.fill(id, y * width + Math.max(0, x0), y * width + Math.min(width, x1));
    };
    const along = PASSES * Math.min(1, Math.max(0, (ms - BEGINS_MS) / (PAINTED_MS - BEGINS_MS)));
    if (ms >= TURNED_MS) for (const { id, points } of parts) polygon(points, paint(id));
    else if (along > 0) paintPasses(at, along, brush, paint(parts[0].id));
    return { ids, pointer: at(along) };
  };
}

/**
 * @param {(along: number) => [number, number]} at
 * @param {number} along
 * @param {number} brush
 * @param {(y: number, x0: number, x1: number) => void} emit
 */
function paintPasses(at, along, brush, emit) {
  for (let pass = 0; pass < along; pass++) {
    const end = at(Math.min(along, pass + 1 - 1e-6));
    stroke(...at(pass), ...end, brush, emit);
    if (pass) stroke(...at(pass - 1e-6), ...at(pass), brush, emit);
  }
}
