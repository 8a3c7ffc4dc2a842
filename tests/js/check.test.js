import assert from "node:assert/strict";
import { test } from "node:test";
import { alike } from "../../citygan/ui/static/device/check.js";

const planes = Float32Array.from({ length: 3 * 4 * 6 }, (_, i) => Math.sin(i));
const check = { every: 2, pixels: [] };
for (const plane of [0, 24, 48])
  for (const row of [0, 12]) for (const x of [0, 2, 4]) check.pixels.push(planes[plane + row + x]);

test("a photo that differs by rounding is the right one, and one that differs to see is not", () => {
  assert.ok(alike(planes, [6, 4], check));
  assert.ok(
    alike(
      planes.map((value) => value + 0.01),
      [6, 4],
      check,
    ),
  );
  assert.ok(
    !alike(
      planes.map((value) => value + 0.03),
      [6, 4],
      check,
    ),
  );
  assert.ok(
    !alike(
      planes.map(() => Number.NaN),
      [6, 4],
      check,
    ),
  );
});
