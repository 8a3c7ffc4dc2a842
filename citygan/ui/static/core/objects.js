/**
 * Objects: stamps that stand on a map and can still be moved, for nothing was painted over them. The nearer one, whose
 * foot is lower, hides the farther one, and what they hide of the map is kept.
 */

import { polygon } from "./shapes.js";
import { placeStamp } from "./stamps.js";

/** @import { Stamp } from "./stamps.js" */
/** @import { Bytes, LabelMap } from "./wire.js" */

/**
 * A stamp whose foot is at (x, y), in pixels of the map; `scale` is how many times larger it is than such things are, and
 * `key` stays while it is moved.
 * @typedef {Readonly<{key: number, stamp: Stamp, x: number, y: number, horizon: number, scale: number}>} Placed
 */

/** `under` are the ids of the pixels that the objects cover, row by row. @typedef {Readonly<{objects: readonly Placed[], under: Bytes}>} Scene */

/** @type {Scene} */
export const NOTHING = Object.freeze({ objects: Object.freeze([]), under: new Uint8Array() });

/** @param {readonly Placed[]} objects */
const fromFar = (objects) => [...objects].sort((a, b) => a.y - b.y);

/** The outlines of an object, in pixels of the map. @param {Placed} object */
export const outlinesOf = ({ stamp, x, y, horizon, scale }) => placeStamp(stamp, x, y, horizon, scale);

/** @param {Placed} object */
export function boundsOf(object) {
  const points = outlinesOf(object).flatMap((part) => part.points);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
}

/**
 * Paints an object, part by part.
 * @param {Placed} object
 * @param {{width: number, height: number}} size
 * @param {Bytes | Uint16Array} pixels
 * @param {(id: number) => number} [mark] what is written for a class
 */
function draw(object, { width, height }, pixels, mark = (id) => id) {
  for (const { id, points } of outlinesOf(object)) {
    polygon(points, (y, x0, x1) => {
      if (y < 0 || y >= height || x1 <= 0 || x0 >= width) return;
      pixels.fill(mark(id), y * width + Math.max(0, x0), y * width + Math.min(width, x1));
    });
  }
}

/**
 * Whose each pixel is: 0 is nobody's, n that of the n-th object.
 * @param {readonly Placed[]} objects
 * @param {{width: number, height: number}} size
 */
function owners(objects, size) {
  const owner = new Uint16Array(size.width * size.height);
  for (const object of fromFar(objects)) draw(object, size, owner, () => objects.indexOf(object) + 1);
  return owner;
}

/**
 * The object that is seen at a pixel.
 * @param {readonly Placed[]} objects
 * @param {{width: number, height: number}} size
 * @param {number} x
 * @param {number} y
 * @returns {Placed | null}
 */
export function objectAt(objects, size, x, y) {
  if (!objects.length || x < 0 || y < 0 || x >= size.width || y >= size.height) return null;
  return objects[owners(objects, size)[y * size.width + x] - 1] ?? null;
}

/** The map without its objects. @param {LabelMap} map @param {Scene} scene @returns {Bytes} */
export function groundOf(map, { objects, under }) {
  const ids = map.ids.slice();
  if (!objects.length) return ids;
  const owner = owners(objects, map);
  for (let i = 0, next = 0; i < ids.length; i++) if (owner[i]) ids[i] = under[next++];
  return ids;
}

/**
 * @param {readonly Placed[]} objects
 * @param {{width: number, height: number}} size
 * @param {Bytes} ground ids of the map without them
 * @returns {Scene}
 */
function sceneOf(objects, size, ground) {
  const owner = owners(objects, size);
  const under = new Uint8Array(ground.length);
  let count = 0;
  for (let i = 0; i < ground.length; i++) if (owner[i]) under[count++] = ground[i];
  return Object.freeze({ objects, under: under.slice(0, count) });
}

/**
 * The map with other objects in place of those that it has.
 * @param {LabelMap} map
 * @param {Scene} scene of that map
 * @param {readonly Placed[]} objects
 * @returns {{ids: Bytes, scene: Scene}}
 */
export function arranged(map, scene, objects) {
  const ground = groundOf(map, scene);
  const ids = ground.slice();
  for (const object of fromFar(objects)) draw(object, map, ids);
  return { ids, scene: sceneOf(objects, map, ground) };
}

/**
 * What is left of the objects after something was painted: those that it touched are part of the map from now on.
 * @param {LabelMap} before the map as it was
 * @param {Scene} scene of that map
 * @param {Bytes} ids as they are now
 * @returns {Scene} the same one where all are whole
 */
export function settled(before, scene, ids) {
  if (!scene.objects.length) return scene;
  const covered = new Uint8Array(ids.length); // by objects that are whole
  const whole = new Set(
    fromFar(scene.objects)
      .reverse()
      .filter((object) => isWhole(object, before, ids, covered)),
  );
  if (whole.size === scene.objects.length) return scene;
  const ground = groundOf(before, scene);
  for (const object of fromFar(scene.objects)) if (!whole.has(object)) draw(object, before, ground);
  return sceneOf(
    scene.objects.filter((object) => whole.has(object)),
    before,
    ground,
  );
}

/**
 * Whether an object is seen but for what nearer ones cover; then it covers what is behind it.
 * @param {Placed} object
 * @param {{width: number, height: number}} size
 * @param {Bytes} ids
 * @param {Uint8Array} covered
 */
function isWhole(object, size, ids, covered) {
  const own = new Uint16Array(ids.length); // id + 1
  draw(object, size, own, (id) => id + 1);
  const { y0, y1 } = boundsOf(object);
  const first = size.width * Math.max(0, Math.floor(y0));
  const end = size.width * Math.min(size.height, Math.ceil(y1) + 1);
  for (let i = first; i < end; i++) if (own[i] && !covered[i] && ids[i] !== own[i] - 1) return false;
  for (let i = first; i < end; i++) if (own[i]) covered[i] = 1;
  return true;
}
