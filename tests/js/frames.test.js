import assert from "node:assert/strict";
import test from "node:test";
import { Frames } from "../../citygan/ui/static/core/frames.js";

const kept = (count) => {
  const frames = new Frames();
  for (let i = 0; i < count; i++) frames.add({ photo: String(i), map: null, aspect: 1 });
  return frames.all.map(({ photo }) => Number(photo));
};

test("a short session is kept whole", () => {
  assert.deepEqual(kept(0), []);
  assert.deepEqual(kept(1), [0]);
  assert.deepEqual(
    kept(240),
    Array.from({ length: 240 }, (_, i) => i),
  );
});

test("a long session is thinned evenly and keeps its last frame", () => {
  const numbers = kept(1001);
  assert.deepEqual([numbers[0], numbers.at(-1)], [0, 1000]);
  assert.ok(numbers.length >= 120 && numbers.length <= 241, `${numbers.length} frames`);
  assert.equal(new Set(numbers.slice(1, -1).map((n, i) => n - numbers[i])).size, 1);
});
