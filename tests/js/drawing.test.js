import assert from "node:assert/strict";
import { test } from "node:test";
import { Drawing, replaceUnseen } from "../../citygan/ui/static/device/drawing.js";
import { TorchRandom } from "../../citygan/ui/static/device/noise.js";
import { drawn, fixture } from "./maps.js";

const golden = fixture("drawn");
const near = (got, wanted) => {
  assert.equal(got.length, wanted.length);
  for (const [i, value] of wanted.entries()) assert.ok(Math.abs(got[i] - value) < 1e-5, `${i}: ${got[i]}`);
};

const INFO = {
  name: "tiny",
  width: 4,
  height: 2,
  weights_name: "tiny.safetensors",
  substitutes: { 27: 26, 5: 0 },
  noise: [
    [1, 1, 1, 2],
    [1, 1, 4, 8],
  ],
  noise_seed: 0,
  light: golden.light,
};
const MAP = drawn("aaaa aaaa");

for (const { seed, draws } of golden.normal) {
  test(`seed ${seed} draws torch's numbers, draw after draw`, () => {
    const random = new TorchRandom(seed);
    for (const values of draws) near(random.normal(values.length), values);
  });
}

test("only the lowest 32 bits of a seed count", () => {
  assert.deepEqual(new TorchRandom(2 ** 32 + 3).normal(20), new TorchRandom(3).normal(20));
});

for (const { seed, light, told, guessed } of golden.lights) {
  test(`seed ${seed} in the light ${light.light} tells the graph what torch would`, () => {
    const inputs = new Drawing(INFO).inputs(MAP, seed, light);
    near(inputs.light.data, told);
    assert.deepEqual([...inputs.guessed.data], [guessed]);
  });
}

test("without a light the guess counts, and a seed varies it", () => {
  const drawing = new Drawing(INFO);
  const plain = drawing.inputs(MAP, null, null);
  assert.deepEqual([...plain.light.data], Array(8).fill(0));
  assert.deepEqual([...plain.guessed.data], [1]);
  assert.notDeepEqual(drawing.inputs(MAP, 0, null).light.data, plain.light.data);
});

test("the noise of a photo is drawn from one generator, in order, and anew for another seed", () => {
  const drawing = new Drawing(INFO);
  const random = new TorchRandom(7);
  const wanted = [random.normal(2), random.normal(32)];
  for (const seed of [7, null, 8, 7]) {
    const inputs = drawing.inputs(MAP, seed, null);
    const got = [inputs["noise.0"].data, inputs["noise.1"].data];
    if (seed === 7) assert.deepEqual(got, wanted);
    else assert.notDeepEqual(got, wanted);
    assert.deepEqual(inputs["noise.1"].dims, [1, 1, 4, 8]);
  }
  assert.deepEqual(drawing.inputs(MAP, null, null)["noise.1"], drawing.inputs(MAP, 0, null)["noise.1"]);
});

test("classes that training never showed are drawn as others", () => {
  const ids = Uint8Array.of(27, 5, 7, 26);
  assert.deepEqual([...replaceUnseen(ids, INFO.substitutes)], [26, 0, 7, 26]);
  const inputs = new Drawing(INFO).inputs({ ids, width: 2, height: 2 }, null, null);
  assert.deepEqual([...inputs.ids.data], [26, 26, 0, 0, 7, 7, 26, 26]);
  assert.deepEqual(inputs.ids.dims, [1, 2, 4]);
});

test("a light that the checkpoint does not know is refused in words", () => {
  const drawing = new Drawing(INFO);
  const asked = { light: null, brightness: 0, warmth: 0 };
  assert.throws(() => drawing.inputs(MAP, null, { ...asked, light: "noon" }), /choose one of day, overcast/);
  assert.throws(() => drawing.inputs(MAP, null, { ...asked, warmth: 4 }), /each goes from -3 to 3/);
  const dark = new Drawing({ ...INFO, light: null });
  assert.throws(() => dark.inputs(MAP, null, asked), /is told no light/);
  assert.deepEqual(Object.keys(dark.inputs(MAP, null, null)), ["ids", "noise.0", "noise.1"]);
});
