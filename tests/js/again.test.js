import assert from "node:assert/strict";
import { test } from "node:test";
import { withRegion } from "../../citygan/ui/static/core/again.js";
import { MapState } from "../../citygan/ui/static/core/state.js";
import { decodeMap, encodeMap } from "../../citygan/ui/static/core/wire.js";
import { Drawing } from "../../citygan/ui/static/device/drawing.js";
import { TorchRandom } from "../../citygan/ui/static/device/noise.js";

const SIZE = { width: 4, height: 2 };
const numbers = (again) => [...decodeMap(again.plane).ids].join("");

test("a region lies on those of before, and what is off the map is left out", () => {
  const one = withRegion(
    null,
    SIZE,
    [
      [0, -2, 2],
      [7, 0, 4],
    ],
    5,
  );
  const two = withRegion(one, SIZE, [[0, 1, 9]], 6);
  assert.deepEqual([numbers(one), one.seeds], ["11000000", [5]]);
  assert.deepEqual([numbers(two), two.seeds], ["12220000", [5, 6]]);
});

test("a region that others cover is forgotten, and one without pixels changes nothing", () => {
  const one = withRegion(null, SIZE, [[0, 0, 2]], 5);
  const two = withRegion(one, SIZE, [[0, 0, 4]], 6);
  assert.deepEqual([numbers(two), two.seeds], ["11110000", [6]]);
  assert.equal(withRegion(two, SIZE, [[5, 0, 4]], 7), two);
});

test("of more regions than there may be the oldest goes", () => {
  let again = null;
  for (let x = 0; x < 25; x++) again = withRegion(again, { width: 25, height: 1 }, [[0, x, x + 1]], x);
  assert.equal(again.seeds.length, 24);
  assert.deepEqual([...decodeMap(again.plane).ids].slice(0, 3), [0, 1, 2]);
  assert.equal(again.seeds[0], 1);
});

test("undo takes a region back, redo brings it, and painting keeps it where it is", () => {
  const state = new MapState(4, 2);
  const notes = [];
  state.subscribe(({ note, final }) => final && notes.push(note));
  state.renew([[0, 0, 2]], 5, "again, here: road");
  const first = state.again;
  state.span(0, 0, 4, 7);
  state.commit("line");
  assert.equal(state.again, first);
  state.undo();
  assert.equal(state.again, first);
  assert.equal(state.undo(), "again, here: road");
  assert.equal(state.again, null);
  state.redo();
  assert.equal(state.again, first);
  assert.deepEqual(notes.slice(0, 2), ["again, here: road", "line"]);
});

test("another map has no regions, one of the same shape as one of another, and undo brings them back", () => {
  for (const size of [SIZE, { width: 2, height: 2 }]) {
    const state = new MapState(4, 2);
    state.renew([[0, 0, 2]], 5, "again");
    const first = state.again;
    state.replace(new Uint8Array(size.width * size.height).fill(7), "opened", size, null);
    assert.equal(state.again, null);
    state.undo();
    assert.equal(state.again, first);
    assert.equal(state.width, 4);
  }
});

test("this device draws a region with its seed, the rest as before, and both in the variance of one", () => {
  const info = {
    ...SIZE,
    substitutes: {},
    noise: [
      [1, 1, 1, 2],
      [1, 1, 2, 4],
    ],
    noise_seed: 0,
    light: null,
  };
  const drawing = new Drawing(info);
  const map = { ids: new Uint8Array(8), ...SIZE };
  const plane = encodeMap({ ids: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), ...SIZE }, 0, true);
  const mixed = drawing.inputs(map, 3, null, { plane, seeds: [9] });
  const [plain, other] = [3, 9].map((seed) => {
    const random = new TorchRandom(seed);
    return [random.normal(2), random.normal(8)];
  });
  const fine = [...mixed["noise.1"].data];
  assert.ok(Math.abs(fine[0] - other[1][0]) < 1e-6);
  assert.deepEqual(fine.slice(1), [...plain[1]].slice(1));
  const coarse = (0.75 * plain[0][0] + 0.25 * other[0][0]) / Math.hypot(0.75, 0.25);
  assert.ok(Math.abs(mixed["noise.0"].data[0] - coarse) < 1e-6);
  assert.equal(mixed["noise.0"].data[1], plain[0][1]);
});
