import assert from "node:assert/strict";
import test from "node:test";
import { asked, describeLight, SUGGESTED } from "../../citygan/ui/static/core/light.js";

test("what the map suggests is asked for by asking for nothing", () => {
  assert.equal(asked(SUGGESTED), null);
  assert.equal(asked({ ...SUGGESTED, light: null }), null);
});

test("a name, numbers, and each change are asked for", () => {
  for (const change of [
    { light: "dusk" },
    { light: [0, 0, 0, 0, 0, 0, 0, 0] },
    { brightness: -1 },
    { warmth: 2 },
  ])
    assert.deepEqual(asked({ ...SUGGESTED, ...change }), { ...SUGGESTED, ...change });
});

test("people read what a light is", () => {
  assert.equal(describeLight(null), "");
  assert.equal(describeLight({ light: "dusk", brightness: 0, warmth: 0 }), "dusk");
  assert.equal(describeLight({ light: [1], brightness: 1, warmth: -1 }), "as in a photo, brighter, cooler");
  assert.equal(describeLight({ light: null, brightness: -1, warmth: 1 }), "darker, warmer");
});
