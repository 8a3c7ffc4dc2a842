/** Regions of a photo that are drawn with seeds of their own, and stay where they are while one paints. */

import { resample } from "./shapes.js";
import { decodeMap, encodeMap } from "./wire.js";

const MOST = 24; // regions; with one more the oldest is drawn as the rest

/** @import { Bytes, LabelMap, WireMap } from "./wire.js" */

/**
 * The plane says of each pixel of the map which region it belongs to: 0 none, k the one of `seeds[k - 1]`; later ones lie
 * on earlier ones. It never changes; another one takes its place.
 * @typedef {{plane: WireMap, seeds: number[]}} Again
 */

/** Pixels x0 to x1 - 1 of row y. @typedef {[y: number, x0: number, x1: number]} Span */

/**
 * One region more.
 * @param {Again | null} again
 * @param {{width: number, height: number}} size of the map
 * @param {Span[]} spans of the region; what is off the map is left out
 * @param {number} seed
 * @returns {Again | null} the same one where the region has no pixels
 */
export function withRegion(again, { width, height }, spans, seed) {
  const ids = again ? decodeMap(again.plane).ids : new Uint8Array(width * height);
  const seeds = [...(again?.seeds ?? []), seed];
  let painted = false;
  for (const [y, from, to] of spans) {
    const [x0, x1] = [Math.max(0, from), Math.min(width, to)];
    if (y < 0 || y >= height || x0 >= x1) continue;
    ids.fill(seeds.length, y * width + x0, y * width + x1);
    painted = true;
  }
  return painted ? compact(ids, width, height, seeds) : again;
}

/**
 * Without the regions that others cover, and with so many as there may be.
 * @param {Bytes} ids @param {number} width @param {number} height @param {number[]} seeds
 * @returns {Again}
 */
function compact(ids, width, height, seeds) {
  const seen = new Set(ids);
  const kept = seeds.map((_, i) => i + 1).filter((k) => seen.has(k));
  const last = kept.slice(-MOST);
  const table = Uint8Array.from({ length: seeds.length + 1 }, (_, k) => last.indexOf(k) + 1);
  const plane = encodeMap({ ids: ids.map((k) => table[k]), width, height }, 0, true);
  return { plane, seeds: last.map((k) => seeds[k - 1]) };
}

/**
 * What a document or a link says of regions; what cannot be counts as none.
 * @param {any} value
 * @param {{width: number, height: number}} size of its map
 * @param {number} mostSeed
 * @returns {Again | null}
 */
export function checkedAgain(value, { width, height }, mostSeed) {
  const { plane, seeds } = value ?? {};
  const possible = Array.isArray(seeds) && seeds.length > 0 && seeds.length <= MOST;
  if (!possible || plane?.width !== width || plane.height !== height) return null;
  if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed <= mostSeed)) return null;
  try {
    const { ids } = decodeMap(plane);
    const { encoding, data } = plane;
    const known = ids.every((k) => k <= seeds.length);
    return known ? { plane: { width, height, encoding, data, seq: 0, final: true }, seeds } : null;
  } catch {
    return null;
  }
}

/**
 * Regions at the size of a map that they are laid on.
 * @param {Again | null} again
 * @param {LabelMap} map
 * @returns {Again | null}
 */
export function fitting(again, { width, height }) {
  if (!again || (again.plane.width === width && again.plane.height === height)) return again;
  const ids = resample(decodeMap(again.plane), width, height);
  return { ...again, plane: encodeMap({ ids, width, height }, 0, true) };
}
