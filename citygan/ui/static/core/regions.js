/** Connected regions of a map, all at once. */

/** @import { LabelMap } from "./wire.js" */

/**
 * Connected regions (by edges) by union-find: the root of each pixel, and at each root the region's size.
 * @param {LabelMap} map
 */
export function regions({ ids, width }) {
  const parents = new Uint32Array(ids.length);
  const sizes = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    parents[i] = i % width && ids[i - 1] === ids[i] ? root(parents, i - 1) : i;
    if (i < width || ids[i - width] !== ids[i]) continue;
    const [a, b] = [root(parents, i - width), root(parents, i)];
    parents[Math.max(a, b)] = Math.min(a, b);
  }
  for (let i = 0; i < ids.length; i++) sizes[root(parents, i)]++;
  return { parents, sizes };
}

/**
 * The root of a pixel; shortens the way there.
 * @param {Uint32Array} parents
 * @param {number} i
 */
export function root(parents, i) {
  let at = i;
  while (parents[at] !== at) {
    parents[at] = parents[parents[at]];
    at = parents[at];
  }
  return at;
}
