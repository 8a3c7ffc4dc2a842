/** Map lint: what the model will stumble over, and how to mend it. */

import { regions, root } from "./regions.js";
import { growInto, polygon } from "./shapes.js";

const UNLABELED = 0;
const UNLABELED_SHARE = 0.02; // real photos have a few percent of it, at edges
const MODEL_PX = 2; // canvas pixels for one pixel of the model, each way
const SMALLEST_PX = (2 * MODEL_PX) ** 2; // regions with fewer canvas pixels than that are lost
const THINGS = ["object", "vehicle", "human"]; // categories of what was put there on purpose
const SMALL_THINGS = 3; // so many lost ones are no harm: crumbs of what was painted over
const SMALL_REGIONS = 40; // and so many of all kinds, since brushes leave slivers wherever edges meet
const MAX_NAMED = 3; // classes in one line
const BEHIND = ["void", "flat", "nature", "construction", "sky"]; // categories that others stand in front of
const HORIZON = 0.58;
const SKY_SHARE = 0.3; // of the height, when a sky is added
const HOLE = 255; // no class has this id

/** @import { LabelClass } from "../types.js" */
/** @import { Bytes, LabelMap } from "./wire.js" */

/**
 * @typedef {object} Finding
 * @property {string} key
 * @property {string} text
 * @property {string} button
 * @property {() => Bytes} mend returns the mended ids
 */

/**
 * Every finding about a map.
 * @param {LabelMap} map
 * @param {LabelClass[]} classes
 * @param {Set<number>} [told] classes of which their stamps said what they are drawn as
 * @returns {Finding[]}
 */
export function lint(map, classes, told = new Set()) {
  const counts = new Uint32Array(256);
  for (const id of map.ids) counts[id]++;
  const ids = new Map(classes.map((c) => [c.name, c.id]));
  const findings = [
    unlabeled(map, counts),
    unseen(
      map,
      counts,
      classes.filter(({ id }) => !told.has(id)),
      ids,
    ),
    withoutRoad(map, counts, classes, ids.get("road") ?? UNLABELED),
    withoutSky(map, counts, classes, ids.get("sky") ?? UNLABELED),
    small(map, classes),
  ];
  return findings.filter((finding) => finding !== null);
}

/**
 * @param {LabelMap} map
 * @param {Uint32Array} counts
 * @returns {Finding | null}
 */
function unlabeled(map, counts) {
  const share = counts[UNLABELED] / map.ids.length;
  if (share < UNLABELED_SHARE || share === 1) return null;
  return {
    key: "unlabeled",
    text: `${Math.round(100 * share)}% of the map is unlabeled`,
    button: "Fill from neighbours",
    mend: () => growInto(map, UNLABELED),
  };
}

/**
 * @param {LabelMap} map
 * @param {Uint32Array} counts
 * @param {LabelClass[]} classes
 * @param {Map<string | null, number>} idOf
 * @returns {Finding | null}
 */
function unseen({ ids }, counts, classes, idOf) {
  const used = classes.filter((c) => !c.seen && counts[c.id]).sort((a, b) => counts[b.id] - counts[a.id]);
  if (!used.length) return null;
  const instead = new Map(used.map((c) => [c.id, idOf.get(c.substitute) ?? c.id]));
  const quoted = used.map((c) => `“${c.name}”`).slice(0, MAX_NAMED);
  const more = used.length > MAX_NAMED ? ` and ${used.length - MAX_NAMED} more` : "";
  return {
    key: "unseen",
    text: `The model was never shown ${quoted.join(", ")}${more}`,
    button: used.length === 1 ? `Use ${used[0].substitute} instead` : "Use their relatives",
    mend: () => ids.map((id) => instead.get(id) ?? id),
  };
}

/**
 * @param {LabelMap} map
 * @param {Uint32Array} counts
 * @param {LabelClass[]} classes
 * @param {number} id of the road
 * @returns {Finding | null}
 */
function withoutRoad(map, counts, classes, id) {
  if (counts[id] || isEmpty(map, counts)) return null;
  return {
    key: "road",
    text: "There is no road",
    button: "Add a road",
    mend: () => withRoad(map, classes, id),
  };
}

/** Whether nothing is painted; the canvas itself says what to begin with. @param {LabelMap} map @param {Uint32Array} counts */
const isEmpty = ({ ids }, counts) => counts[UNLABELED] === ids.length;

/**
 * The map with a road behind what stands on it.
 * @param {LabelMap} map
 * @param {LabelClass[]} classes
 * @param {number} id of the road
 */
export function withRoad(map, classes, id) {
  const { width, height } = map;
  const far = [0.53, 0.47].map((x) => [x * width, HORIZON * height]);
  const near = [-0.1, 1.1].map((x) => [x * width, height]);
  return behind(map, classes, [...far, ...near], id);
}

/**
 * @param {LabelMap} map
 * @param {Uint32Array} counts
 * @param {LabelClass[]} classes
 * @param {number} id of the sky
 * @returns {Finding | null}
 */
function withoutSky(map, counts, classes, id) {
  if (counts[id] || isEmpty(map, counts)) return null;
  return { key: "sky", text: "There is no sky", button: "Add sky", mend: () => withSky(map, classes, id) };
}

/**
 * The map with a sky behind what reaches into it.
 * @param {LabelMap} map
 * @param {LabelClass[]} classes
 * @param {number} id of the sky
 */
export function withSky(map, classes, id) {
  const above = [0, map.width].map((x) => [x, 0]);
  const below = [map.width, 0].map((x) => [x, SKY_SHARE * map.height]);
  return behind(map, classes, [...above, ...below], id);
}

/**
 * Paints a polygon behind people, vehicles and street furniture.
 * @param {LabelMap} map
 * @param {LabelClass[]} classes
 * @param {number[][]} points
 * @param {number} id
 */
function behind({ ids, width, height }, classes, points, id) {
  const ground = new Set(classes.filter((c) => BEHIND.includes(c.category)).map((c) => c.id));
  const out = ids.slice();
  polygon(points, (y, x0, x1) => {
    if (y < 0 || y >= height) return;
    for (let i = y * width + Math.max(0, x0); i < y * width + Math.min(width, x1); i++) {
      if (ground.has(ids[i])) out[i] = id;
    }
  });
  return out;
}

/**
 * @param {LabelMap} map
 * @param {LabelClass[]} classes
 * @returns {Finding | null}
 */
function small(map, classes) {
  const { ids, width, height } = map;
  const things = new Set(classes.filter((c) => THINGS.includes(c.category)).map((c) => c.id));
  const { parents, sizes } = regions(map);
  let count = 0;
  let lost = 0; // of these, things
  for (let i = 0; i < ids.length; i++) {
    if (parents[i] !== i || sizes[i] >= SMALLEST_PX) continue;
    count++;
    if (things.has(ids[i])) lost++;
  }
  if (lost <= SMALL_THINGS && count <= SMALL_REGIONS) return null;
  return {
    key: "small",
    text: `${count} regions are too small for the model to see`,
    button: "Remove them",
    mend: () => {
      const holed = ids.map((id, i) => (sizes[root(parents, i)] < SMALLEST_PX ? HOLE : id));
      return growInto({ ids: holed, width, height }, HOLE);
    },
  };
}
