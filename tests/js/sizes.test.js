/** Which size a map of another shape has on the canvas, and at which one it is drawn. */

import assert from "node:assert/strict";
import test from "node:test";
import { alike, canvasSize, photoSize } from "../../citygan/ui/static/core/sizes.js";
import { fixture } from "./maps.js";

const USUAL = { width: 768, height: 576 };
const sizeOf = (width, height) => {
  const size = canvasSize({ width, height }, USUAL);
  return [size.width, size.height];
};

test("a map of the usual shape, or nearly, has the usual size", () => {
  for (const [width, height] of [
    [512, 384],
    [480, 360],
    [684, 512],
    [4, 3],
  ]) {
    assert.deepEqual(sizeOf(width, height), [768, 576]);
  }
});

test("a map of another shape keeps it, and where it can each of its pixels is as large as the next", () => {
  assert.deepEqual(sizeOf(512, 256), [1024, 512]);
  assert.deepEqual(sizeOf(2048, 1024), [1024, 512]);
  assert.deepEqual(sizeOf(1024, 512), [1024, 512]);
  assert.deepEqual(
    sizeOf(360, 640),
    [540, 960].map((side) => Math.round(side * Math.sqrt(552960 / 518400))),
  );
});

test("no map has more than a quarter more pixels than the usual canvas, whatever its shape", () => {
  for (let width = 10; width <= 3000; width += 171) {
    for (let height = 10; height <= 3000; height += 171) {
      if (Math.max(width, height) > 3 * Math.min(width, height)) continue;
      const [w, h] = sizeOf(width, height);
      assert.ok(w * h <= 1.26 * 768 * 576, `${width} x ${height} became ${w} x ${h}`);
      assert.ok(w * h >= 0.6 * 768 * 576, `${width} x ${height} became ${w} x ${h}`);
      assert.ok(alike({ width: w, height: h }, { width, height }), `${width} x ${height} became ${w} x ${h}`);
    }
  }
});

test("a map and its like on the canvas stay what they are: opened again, no pixel moves", () => {
  for (const [width, height] of [
    [512, 256],
    [360, 640],
    [900, 300],
    [300, 900],
    [500, 500],
  ]) {
    const once = canvasSize({ width, height }, USUAL);
    assert.deepEqual(canvasSize(once, USUAL), once);
  }
});

test("a strip is refused in a sentence", () => {
  assert.deepEqual(sizeOf(300, 100).length, 2);
  assert.throws(() => sizeOf(310, 100), /it is 310 x 100; one side has at most three times/);
  assert.throws(() => sizeOf(100, 310), RangeError);
});

test("a map is drawn at the size that Python takes for it", () => {
  const { usual, sizes, maps } = fixture("shapes");
  for (const { width, height, drawn } of maps) {
    assert.deepEqual(photoSize(sizes, { width, height }, usual), drawn, `${width} x ${height}`);
  }
});
