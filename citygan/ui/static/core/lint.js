/** Map lint: what the model will stumble over, and how to mend it. */

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

/**
 * @typedef {object} Finding
 * @property {string} key
 * @property {string} text
 * @property {string} button
 * @property {() => Uint8Array} mend returns the mended ids
 */

/**
 * Every finding about a map.
 * @param {Uint8Array} ids
 * @param {number} width
 * @param {number} height
 * @param {object[]} classes as in `props.classes`
 * @returns {Finding[]}
 */
export function lint(ids, width, height, classes) {
  const counts = new Uint32Array(256);
  for (const id of ids) counts[id]++;
  const idOf = (name) => classes.find((c) => c.name === name).id;
  return [
    ...unlabeled(ids, width, height, counts),
    ...unseen(ids, counts, classes),
    ...missing(ids, width, height, counts, idOf, classes),
    ...small(ids, width, height, classes),
  ];
}

function unlabeled(ids, width, height, counts) {
  const share = counts[UNLABELED] / ids.length;
  if (share < UNLABELED_SHARE || share === 1) return [];
  return [{
    key: "unlabeled",
    text: `${Math.round(100 * share)}% of the map is unlabeled`,
    button: "Fill from neighbours",
    mend: () => growInto(ids, width, height, UNLABELED),
  }];
}

function unseen(ids, counts, classes) {
  const used = classes.filter((c) => !c.seen && counts[c.id]).sort((a, b) => counts[b.id] - counts[a.id]);
  if (!used.length) return [];
  const idOf = new Map(classes.map((c) => [c.name, c.id]));
  const instead = new Map(used.map((c) => [c.id, idOf.get(c.substitute)]));
  const names = used.slice(0, MAX_NAMED).map((c) => `“${c.name}”`).join(", ");
  const more = used.length > MAX_NAMED ? ` and ${used.length - MAX_NAMED} more` : "";
  return [{
    key: "unseen",
    text: `The model was never shown ${names}${more}`,
    button: used.length === 1 ? `Use ${used[0].substitute} instead` : "Use their relatives",
    mend: () => ids.map((id) => instead.get(id) ?? id),
  }];
}

/** Streets without road or sky. What is added goes behind people, vehicles and street furniture. */
function missing(ids, width, height, counts, idOf, classes) {
  const ground = new Set(classes.filter((c) => BEHIND.includes(c.category)).map((c) => c.id));
  const painted = (id, points) => {
    const out = ids.slice();
    polygon(points, (y, x0, x1) => {
      if (y < 0 || y >= height) return;
      for (let i = y * width + Math.max(0, x0); i < y * width + Math.min(width, x1); i++) {
        if (ground.has(ids[i])) out[i] = id;
      }
    });
    return out;
  };
  const findings = [];
  if (!counts[idOf("road")]) {
    const [top, left, right] = [HORIZON * height, 0.47 * width, 0.53 * width];
    const road = [[left, top], [right, top], [1.1 * width, height], [-0.1 * width, height]];
    const mend = () => painted(idOf("road"), road);
    findings.push({ key: "road", text: "There is no road", button: "Add a road", mend });
  }
  if (!counts[idOf("sky")]) {
    const bottom = SKY_SHARE * height;
    const sky = [[0, 0], [width, 0], [width, bottom], [0, bottom]];
    const mend = () => painted(idOf("sky"), sky);
    findings.push({ key: "sky", text: "There is no sky", button: "Add sky", mend });
  }
  return findings;
}

function small(ids, width, height, classes) {
  const things = new Set(classes.filter((c) => THINGS.includes(c.category)).map((c) => c.id));
  const { parents, sizes } = regions(ids, width, height);
  let count = 0;
  let lost = 0; // of these, things
  for (let i = 0; i < ids.length; i++) {
    if (parents[i] !== i || sizes[i] >= SMALLEST_PX) continue;
    count++;
    lost += things.has(ids[i]);
  }
  if (lost <= SMALL_THINGS && count <= SMALL_REGIONS) return [];
  return [{
    key: "small",
    text: `${count} regions are too small for the model to see`,
    button: "Remove them",
    mend: () => {
      const HOLE = 255; // no class has this id
      const out = ids.map((id, i) => (sizes[find(parents, i)] < SMALLEST_PX ? HOLE : id));
      return growInto(out, width, height, HOLE);
    },
  }];
}

function find(parents, i) {
  while (parents[i] !== i) i = parents[i] = parents[parents[i]];
  return i;
}

/** Connected regions (by edges) by union-find: the root of each pixel, and at each root the region's size. */
function regions(ids, width, height) {
  const parents = new Uint32Array(width * height);
  const sizes = new Uint32Array(width * height);
  for (let i = 0; i < ids.length; i++) {
    parents[i] = i % width && ids[i - 1] === ids[i] ? find(parents, i - 1) : i;
    if (i < width || ids[i - width] !== ids[i]) continue;
    const [a, b] = [find(parents, i - width), find(parents, i)];
    parents[Math.max(a, b)] = Math.min(a, b);
  }
  for (let i = 0; i < ids.length; i++) sizes[find(parents, i)]++;
  return { parents, sizes };
}
