import assert from "node:assert/strict";
import { test } from "node:test";
import { readLabels } from "../../citygan/ui/static/standalone/labels.js";
import { lightOf } from "../../citygan/ui/static/standalone/light.js";
import { buildServer, percentileOf } from "../../citygan/ui/static/standalone/server.js";
import { fixture } from "./maps.js";

const TABLES = [
  ["colors", "class colours", [0, 0], [0x804080, 7], [0x464646, 11]],
  ["camvid", "CamVid colours", [0x804080, 7], [0x808080, 23]],
].map(([key, name, ...classes]) => ({ key, name, classes: Object.fromEntries(classes) }));
const known = (entries) => Array.from({ length: 256 }, (_, value) => entries[value] ?? null);
/** A reading with the class of some values, and how likely they are in each third of a picture. */
const reading = (key, classes, likely) => ({
  key,
  name: `${key} ids`,
  classes: known(classes),
  log_shares: [0, 1, 2].map((third) =>
    Array.from({ length: 256 }, (_, value) => likely[value]?.[third] ?? -9),
  ),
});
const READINGS = [
  reading("label", { 0: 0, 1: 0, 7: 7, 8: 8, 11: 11, 23: 23, 255: 0 }, { 7: [-9, -2, 0], 11: [-1, -1, -5] }),
  reading(
    "train",
    { 0: 7, 1: 8, 2: 11, 10: 23, 255: 0 },
    { 0: [-9, -2, 0], 2: [-1, -1, -5], 255: [-4, -4, -4] },
  ),
  reading(
    "camvid",
    { 0: 23, 1: 11, 3: 7, 11: 0, 255: 0 },
    { 0: [0, -3, -9], 1: [-1, -1, -5], 3: [-9, -2, 0] },
  ),
];

/** @param {(number | number[])[]} colors a pixel each, in one column */
function picture(...colors) {
  const data = colors.flatMap((color) => {
    const [r, g, b, a = 255] = typeof color === "number" ? [color, color, color] : color;
    return [r, g, b, a];
  });
  return { data: Uint8Array.from(data), width: 1, height: colors.length };
}
const opened = (colors, { lossless = true, readAs } = {}) =>
  readLabels(picture(...colors), lossless, TABLES, READINGS, readAs);
const read = (colors, how) => {
  const { ids, kind } = opened(colors, how);
  return [kind, ...ids];
};

test("exact class colours are a colour map, black where it is transparent", () => {
  const colors = [70, [128, 64, 128], [128, 64, 128, 9]];
  assert.deepEqual(read(colors, { lossless: false }), ["a colour map", 11, 7, 0]);
});

test("colours of another data set are its classes, and what two lists have can be read by both", () => {
  assert.deepEqual(read([128, [128, 64, 128]]), ["CamVid colours", 23, 7]);
  const keys = opened([[128, 64, 128]], { readAs: "camvid" }).readings.map(({ key }) => key);
  assert.deepEqual(keys, ["camvid", "colors"]);
  assert.throws(() => read([70, 128, [128, 64, 128]]), /its colours together are none of a class/);
});

test("grey values are label ids, folded, and 255 is unlabeled", () => {
  assert.deepEqual(read([23, 1, 255, 7]), ["label ids", 23, 0, 0, 7]);
});

test("of several readings the one with the most plausible street is taken, and all are offered", () => {
  assert.deepEqual(read([2, 2, 0]), ["train ids", 11, 11, 7]);
  assert.deepEqual(read([0, 1, 3]), ["camvid ids", 23, 11, 7]);
  assert.deepEqual(read([11, 11, 7]), ["label ids", 11, 11, 7]);
  const { readings } = opened([0, 1, 1]);
  assert.deepEqual(
    readings.map(({ key }) => key),
    ["camvid", "label", "train"],
  );
  assert.deepEqual(Object.keys(readings[0]), ["key", "name"]);
  assert.deepEqual(read([0, 1, 1], { readAs: "label" }), ["label ids", 0, 0, 0]);
});

test("other colours, blurred values and values that are no classes are refused", () => {
  assert.throws(() => read([70, [1, 2, 3]]), /1 of its colours are none of a class; the app with a server/);
  assert.throws(() => read([7, 8], { lossless: false }), /2 of its colours/);
  assert.throws(() => read([23, 99]), /its grey value 99 is no class/);
  assert.throws(() => read([23, 3]), /its values belong to no one list of classes/);
});

test("the light of a picture is the one that Python reads", () => {
  const { width, height, pictures, reading, lights } = fixture("pictures");
  for (const [name, wanted] of Object.entries(lights)) {
    const pixels = pictures[name];
    const data = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? 255 : pixels[3 * Math.floor(i / 4) + (i % 4)],
    );
    const got = lightOf({ data, width, height }, reading);
    for (const [i, value] of wanted.entries()) assert.ok(Math.abs(got[i] - value) < 1e-3, `${name} ${i}`);
  }
});

test("the percentile is where a value lies among even steps", () => {
  const steps = [0.1, 0.2, 0.4];
  assert.deepEqual(
    [0, 0.1, 0.15, 0.3, 0.4, 1].map((value) => percentileOf(value, steps)),
    [0, 0, 25, 75, 100, 100],
  );
  assert.equal(percentileOf(0.5, []), null);
});

const PAGE = { streets: { square: "streets/square.json" }, random_streets: ["streets/random-0.json"] };
const never = new Promise(() => {});
const server = buildServer(
  PAGE,
  () => never,
  async (url) => `map of ${url}`,
);

test("streets are files, and random ones those that were drawn ahead", async () => {
  const square = await server.street({ name: "square", seed: null });
  assert.deepEqual(square, { map: "map of streets/square.json", name: "square", seed: null });
  const random = await server.street({ name: null, seed: null });
  assert.deepEqual(random, { map: "map of streets/random-0.json", name: null, seed: 0 });
  const { error } = await server.street({ name: null, seed: 5 });
  assert.equal(error, "this page has those of the seeds 0 to 0; the app with a server draws any");
});

test("while the generator opens, the page is told to ask again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const answer = server.render({ map: null, seed: null, target: null, light: null });
  context.mock.timers.tick(1000);
  assert.deepEqual(await answer, { busy: true });
});

const wired = { width: 1, height: 1, encoding: "raw", data: "Bw==", seq: 0, final: true };
const ASKED = { map: wired, seed: null, target: null, light: null };

test("a device that cannot make photos says why, each time", async () => {
  const broken = buildServer(PAGE, () => Promise.reject(new Error("no memory")));
  for (const answer of [await broken.render(ASKED), await broken.final_result(ASKED)]) {
    assert.deepEqual(answer, { error: "no memory" });
  }
});

test("photos are made one at a time, and by WebAssembly once WebGPU has failed", async () => {
  const opened = [];
  let making = 0;
  const open = async (prefer) => {
    opened.push(prefer);
    return {
      backend: prefer ?? "webgpu",
      close: () => opened.push("closed"),
      render: async ({ target }) => {
        assert.equal(++making, 1);
        await null;
        making--;
        if (prefer !== "wasm") throw new Error("the graphics device is gone");
        return { photo: "data:", target };
      },
    };
  };
  const device = buildServer(PAGE, open);
  const answers = await Promise.all([device.render(ASKED), device.render(ASKED)]);
  assert.deepEqual(answers, Array(2).fill({ photo: "data:", target: null }));
  assert.deepEqual(opened, [null, "closed", "wasm"]);
});
