/** What the page knows about streets: its notes on a map, and its stamps. */

import assert from "node:assert/strict";
import test from "node:test";
import { lint } from "../../citygan/ui/static/core/lint.js";
import { findHorizon, placeStamp } from "../../citygan/ui/static/core/stamps.js";
import { points } from "./maps.js";

const [WIDTH, HEIGHT] = [120, 80];
const [UNLABELED, ROAD, TREE, SKY, PERSON, CAR, TRUCK, BUS] = [0, 7, 21, 23, 24, 26, 27, 28];
const CLASSES = [
  { id: UNLABELED, name: "unlabeled", category: "void", seen: true, substitute: null },
  { id: ROAD, name: "road", category: "flat", seen: true, substitute: null },
  { id: TREE, name: "vegetation", category: "nature", seen: true, substitute: null },
  { id: SKY, name: "sky", category: "sky", seen: true, substitute: null },
  { id: PERSON, name: "person", category: "human", seen: true, substitute: null },
  { id: CAR, name: "car", category: "vehicle", seen: true, substitute: null },
  { id: TRUCK, name: "truck", category: "vehicle", seen: false, substitute: "car" },
  { id: BUS, name: "bus", category: "vehicle", seen: false, substitute: "car" },
];

/** Sky above road, and boxes `[id, x, y, width, height]` on it. */
function street(...boxes) {
  const ids = new Uint8Array(WIDTH * HEIGHT).fill(SKY).fill(ROAD, (WIDTH * HEIGHT) / 2);
  for (const [id, left, top, width, height] of boxes) {
    for (let y = top; y < top + height; y++) ids.fill(id, y * WIDTH + left, y * WIDTH + left + width);
  }
  return ids;
}

const notes = (ids) => lint({ ids, width: WIDTH, height: HEIGHT }, CLASSES);
const keys = (ids) => notes(ids).map(({ key }) => key);
const mended = (ids, key) =>
  notes(ids)
    .find((note) => note.key === key)
    .mend();

test("a sound map has no notes", () => assert.deepEqual(notes(street([CAR, 10, 45, 20, 20])), []));

test("unlabeled pixels are noted from two percent on, and filled from their neighbours", () => {
  const hole = street([UNLABELED, 10, 10, 20, 15]);
  assert.deepEqual(keys(hole), ["unlabeled"]);
  assert.match(notes(hole)[0].text, /^3% of the map is unlabeled/);
  assert.deepEqual(mended(hole, "unlabeled"), street());
  assert.deepEqual(keys(street([UNLABELED, 10, 10, 19, 10])), []);
});

test("classes outside of the training are one note, and their relatives take their places", () => {
  const both = street([TRUCK, 10, 45, 20, 20], [BUS, 60, 45, 19, 20]);
  assert.deepEqual(keys(both), ["unseen"]);
  assert.match(notes(both)[0].text, /“truck”, “bus”/);
  assert.equal(notes(both)[0].button, "Use their relatives");
  assert.deepEqual(mended(both, "unseen"), street([CAR, 10, 45, 20, 20], [CAR, 60, 45, 19, 20]));
  assert.equal(notes(street([BUS, 60, 45, 20, 20]))[0].button, "Use car instead");
});

test("a street without a road gets one, behind what stands there", () => {
  const sky = new Uint8Array(WIDTH * HEIGHT).fill(SKY);
  sky.fill(CAR, 70 * WIDTH, 70 * WIDTH + 60);
  assert.deepEqual(keys(sky), ["road"]);
  const out = mended(sky, "road");
  const bottom = out.subarray(71 * WIDTH);
  assert.ok(bottom.filter((id) => id === ROAD).length > 0.8 * bottom.length);
  assert.equal(out.filter((id) => id === CAR).length, 60);
  assert.ok(
    out.subarray(0, 46 * WIDTH).every((id) => id === SKY),
    "nothing above the horizon",
  );
});

test("a street without sky gets one", () => {
  const road = new Uint8Array(WIDTH * HEIGHT).fill(ROAD);
  assert.deepEqual(keys(road), ["sky"]);
  const out = mended(road, "sky");
  assert.ok(out.subarray(0, 24 * WIDTH).every((id) => id === SKY));
  assert.ok(out.subarray(24 * WIDTH).every((id) => id === ROAD));
});

const people = (count) => Array.from({ length: count }, (_, n) => [PERSON, 10 + 6 * n, 45, 2, 6]);
const specks = (count) =>
  Array.from({ length: count }, (_, n) => [TREE, 5 + 7 * (n % 15), 5 + 5 * Math.floor(n / 15), 1, 1]);
const amounts = {
  "three people are crumbs of what was painted over": [people(3), false],
  "four people are lost": [people(4), true],
  "forty slivers are what brushes leave": [specks(40), false],
  "forty-one regions are too many": [specks(41), true],
};
for (const [name, [boxes, noted]] of Object.entries(amounts)) {
  test(`regions too small for the model: ${name}`, () => {
    const ids = street(...boxes);
    assert.deepEqual(keys(ids), noted ? ["small"] : []);
    if (noted) assert.deepEqual(mended(ids, "small"), street());
  });
}

test("the horizon is where the road ends, within reason, or usual while there is no road", () => {
  const horizon = (ids) => findHorizon({ ids, width: WIDTH, height: HEIGHT }, ROAD);
  assert.equal(horizon(street()), 40);
  assert.equal(horizon(street([SKY, 0, 40, WIDTH, 8])), 48);
  assert.equal(horizon(new Uint8Array(WIDTH * HEIGHT).fill(ROAD)), 28);
  assert.equal(horizon(new Uint8Array(WIDTH * HEIGHT).fill(SKY)), 40);
});

test("a stamp stands at the pointer and shrinks toward the horizon", () => {
  const stamp = {
    name: "box",
    metres: 2.9,
    parts: [
      {
        id: CAR,
        points: points("-0.5 0, 0.5 0, 0.5 1, -0.5 1"),
      },
    ],
  };
  const place = (y) => placeStamp(stamp, 60, y, 40)[0];
  assert.deepEqual(place(70), {
    id: CAR,
    points: points("30 10, 90 10, 90 70, 30 70"),
  });
  assert.deepEqual(place(55).points, points("45 25, 75 25, 75 55, 45 55"));
  assert.deepEqual(place(30).points, points("57 24, 63 24, 63 30, 57 30"), "never smaller than can be seen");
});
