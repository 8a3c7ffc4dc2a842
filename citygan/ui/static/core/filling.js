/**
 * What a photo is drawn of where nothing is painted: generators saw unlabeled area as crumbs, and make noise of more.
 * The map itself stays as it is.
 */

import { regions, root } from "./regions.js";
import { growInto, polygon } from "./shapes.js";

/** @import { Bytes, LabelMap } from "./wire.js" */

const UNLABELED = 0;
/** Cityscapes label ids. */
const [ROAD, SIDEWALK, BUILDING, VEGETATION, SKY] = [7, 8, 11, 21, 23];
const LARGE = 0.05; // share of the map from which an unlabeled region shows the ghost street, not its neighbours

/** The ghost street from far to near: corners in shares of width and height. @type {[number, number[][]][]} */
const GHOST = [
  [
    SKY,
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
  ],
  [
    VEGETATION,
    [
      [0.36, 0.46],
      [0.64, 0.46],
      [0.64, 0.6],
      [0.36, 0.6],
    ],
  ],
  [
    BUILDING,
    [
      [0, 0.1],
      [0.2, 0.2],
      [0.4, 0.44],
      [0.4, 0.6],
      [0, 0.6],
    ],
  ],
  [
    BUILDING,
    [
      [1, 0.1],
      [0.8, 0.2],
      [0.6, 0.44],
      [0.6, 0.6],
      [1, 0.6],
    ],
  ],
  [
    SIDEWALK,
    [
      [0, 0.58],
      [1, 0.58],
      [1, 1],
      [0, 1],
    ],
  ],
  [
    ROAD,
    [
      [0.46, 0.58],
      [0.54, 0.58],
      [1.1, 1],
      [-0.1, 1],
    ],
  ],
];

/**
 * A plain street, for where there is none.
 * @param {number} width
 * @param {number} height
 * @returns {Bytes} ids
 */
export function ghostStreet(width, height) {
  const ids = new Uint8Array(width * height);
  for (const [id, corners] of GHOST) {
    const points = corners.map(([x, y]) => [x * width, y * height]);
    polygon(points, (y, x0, x1) => {
      if (y < height) ids.fill(id, y * width + Math.max(0, x0), y * width + Math.min(width, x1));
    });
  }
  return ids;
}

/**
 * The map without unlabeled area: large regions of it show the ghost street, small ones their neighbours.
 * @param {LabelMap} map
 * @returns {LabelMap} the same one where all of it is labeled
 */
export function filled(map) {
  const { ids, width, height } = map;
  if (!ids.includes(UNLABELED)) return map;
  const ghost = ghostStreet(width, height);
  const { parents, sizes } = regions(map);
  const large = LARGE * ids.length;
  const begun = ids.map((id, i) => (id === UNLABELED && sizes[root(parents, i)] >= large ? ghost[i] : id));
  const done = !begun.includes(UNLABELED); // as on most maps that are being begun
  return { ids: done ? begun : growInto({ ids: begun, width, height }, UNLABELED), width, height };
}
