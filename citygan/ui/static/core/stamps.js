/**
 * Stamps: things drawn as polygons that stand on the street and shrink toward the horizon.
 *
 * Their unit is their own height: y goes from 0 (top) to 1 (foot), x is 0 in the middle. A camera at height c
 * sees a thing of h metres that stands d pixels below the horizon as h / c * d pixels tall, however far away
 * it is.
 */

const CAMERA_METRES = 1.45;
const SMALLEST_PX = 6;
const HORIZON = { least: 0.35, usual: 0.5, most: 0.65 }; // of the height of the map
const ROAD_SHARE = 0.005; // of a row, from which on it counts as the far end of the road

/**
 * A thing to paint; each part is a polygon with points [x, y].
 * @typedef {{name: string, metres: number, parts: {id: number, points: number[][]}[]}} Stamp
 */

/**
 * The row of the horizon: where the road ends, within reason, or the usual place while there is no road.
 * @param {import("./wire.js").LabelMap} map
 * @param {number} roadId
 */
export function findHorizon({ ids, width, height }, roadId) {
  const last = Math.floor(HORIZON.most * height);
  for (let y = Math.floor(HORIZON.least * height); y < last; y++) {
    let road = 0;
    for (let i = y * width; i < (y + 1) * width; i++) road += Number(ids[i] === roadId);
    if (road > ROAD_SHARE * width) return y;
  }
  return HORIZON.usual * height;
}

/**
 * The polygons of a stamp whose foot is at (x, y), in pixels of the map, in the order in which they are
 * painted.
 * @param {Stamp} stamp
 * @param {number} x
 * @param {number} y
 * @param {number} horizon row
 * @param {number} [scale] how many times larger than such things are
 * @returns {{id: number, points: number[][]}[]}
 */
export function placeStamp(stamp, x, y, horizon, scale = 1) {
  const height = Math.max(SMALLEST_PX, ((scale * stamp.metres) / CAMERA_METRES) * (y - horizon));
  return stamp.parts.map((part) => ({
    id: part.id,
    points: part.points.map(([px, py]) => [x + px * height, y - (1 - py) * height]),
  }));
}
