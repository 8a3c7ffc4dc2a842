import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, ghostStreet } from "../../citygan/ui/static/core/filling.js";

const [UNLABELED, ROAD, BUILDING, SKY, CAR] = [0, 7, 11, 23, 26];
const WIDTH = 40;
const HEIGHT = 20;

/** A map of one class with boxes of others: [id, x0, y0, x1, y1]. */
function mapOf(base, ...boxes) {
  const ids = new Uint8Array(WIDTH * HEIGHT).fill(base);
  for (const [id, x0, y0, x1, y1] of boxes) {
    for (let y = y0; y < y1; y++) ids.fill(id, y * WIDTH + x0, y * WIDTH + x1);
  }
  return { ids, width: WIDTH, height: HEIGHT };
}

test("a map that is labeled everywhere is itself", () => {
  const map = mapOf(SKY, [ROAD, 0, 10, WIDTH, HEIGHT]);
  assert.equal(filled(map), map);
});

test("an empty map is the ghost street: sky above, road below, nothing unlabeled", () => {
  const { ids } = filled(mapOf(UNLABELED));
  assert.deepEqual(ids, ghostStreet(WIDTH, HEIGHT));
  assert.equal(ids.includes(UNLABELED), false);
  assert.deepEqual(new Set(ids.subarray(0, WIDTH)), new Set([SKY]));
  assert.deepEqual(new Set(ids.subarray(-WIDTH)), new Set([ROAD]));
});

test("strokes on an empty map replace the ghost street where they are, and nowhere else", () => {
  const painted = mapOf(UNLABELED, [CAR, 10, 12, 20, 16]);
  const { ids } = filled(painted);
  const ghost = ghostStreet(WIDTH, HEIGHT);
  assert.deepEqual(
    ids,
    ghost.map((id, i) => painted.ids[i] || id),
  );
});

test("a small hole takes the class around it, and a large one beside it does not spread into it", () => {
  const map = mapOf(SKY, [BUILDING, 0, 0, 8, 8], [UNLABELED, 2, 2, 5, 5], [UNLABELED, 0, 12, WIDTH, HEIGHT]);
  const { ids } = filled(map);
  assert.equal(ids[3 * WIDTH + 3], BUILDING);
  assert.deepEqual(ids.subarray(12 * WIDTH), ghostStreet(WIDTH, HEIGHT).subarray(12 * WIDTH));
});

test("the map that was painted is left as it is", () => {
  const map = mapOf(SKY, [UNLABELED, 2, 2, 5, 5]);
  const before = map.ids.slice();
  filled(map);
  assert.deepEqual(map.ids, before);
});

test("a street can be of any size", () => {
  for (const [width, height] of [
    [1, 1],
    [3, 2],
    [682, 512],
  ]) {
    assert.equal(ghostStreet(width, height).includes(UNLABELED), false);
  }
});
