import assert from "node:assert/strict";
import { test } from "node:test";
import { Runner, SLOW_MS } from "../../citygan/ui/static/device/runner.js";

const REQUEST = { map: {}, seed: null, light: null, target: null };
const SCORES = { ssim: 0.5, psnr: 20, percentile: null, percentile_of: null };
let clock = 0;
Object.defineProperty(performance, "now", { value: () => clock, configurable: true });

/** A runner whose engine takes `tookMs` and fails when told. */
function built({ tookMs = 10, open } = {}) {
  const heard = { places: [], failures: [], scored: [] };
  const engine = {
    backend: "wasm",
    closed: 0,
    broken: false,
    render: async () => {
      clock += engine.tookMs;
      if (engine.broken) throw new Error("no memory");
      return { photo: "here", scores: null, target_missing: false };
    },
    close: () => engine.closed++,
    tookMs,
  };
  const server = {
    render: async () => ({ photo: "server" }),
    scores_of: async (request) => {
      heard.scored.push(request);
      return { scores: SCORES, target_missing: false };
    },
  };
  const runner = new Runner(server, open ?? (async () => engine), {
    place: (place) => heard.places.push(place),
    failed: (text) => heard.failures.push(text),
  });
  const photo = async (request = REQUEST) => (await runner.render(request)).photo;
  return { runner, engine, server, heard, photo };
}

test("photos come from the server until this device is chosen and ready", async () => {
  const { runner, heard, photo } = built();
  assert.equal(await photo(), "server");
  const ready = runner.useDevice();
  assert.equal(await photo(), "server");
  await ready;
  assert.equal(await photo(), "here");
  runner.useServer();
  assert.equal(await photo(), "server");
  assert.deepEqual(heard.places, ["opening", "wasm", "server"]);
});

test("a device that is ready after the server was chosen again is let go", async () => {
  const { runner, engine, photo } = built();
  const ready = runner.useDevice();
  runner.useServer();
  await ready;
  assert.equal(engine.closed, 1);
  assert.equal(await photo(), "server");
});

test("a device that fails hands this photo and all later ones to the server, and says so once", async () => {
  const { runner, engine, heard, photo } = built();
  await runner.useDevice();
  engine.broken = true;
  assert.equal(await photo(), "server");
  assert.equal(await photo(), "server");
  assert.equal(engine.closed, 1);
  assert.deepEqual(heard.failures, ["This device makes no photos: no memory. The server makes them again"]);
});

test("a device that cannot be made ready leaves the photos to the server", async () => {
  const open = () => Promise.reject(new Error("tiny.onnx did not arrive (404)"));
  const { runner, heard, photo } = built({ open });
  await runner.useDevice();
  assert.equal(await photo(), "server");
  assert.match(heard.failures[0], /could not be made ready: tiny\.onnx did not arrive/);
  assert.equal(heard.places.at(-1), "server");
});

test("three slow photos in a row are too slow, with a quick one between them they are not", async () => {
  const { runner, engine, heard, photo } = built({ tookMs: SLOW_MS + 1 });
  await runner.useDevice();
  await photo();
  await photo();
  engine.tookMs = 20;
  await photo();
  engine.tookMs = SLOW_MS + 1;
  await photo();
  assert.equal(await photo(), "here");
  assert.deepEqual(heard.failures, []);
  assert.equal(await photo(), "here"); // it is made, and the last one
  assert.equal(await photo(), "server");
  assert.match(heard.failures[0], /more than a second/);
});

test("the server compares this device's photo with the target, and what it does not answer is left out", async () => {
  const { runner, server, heard } = built();
  await runner.useDevice();
  await runner.render(REQUEST);
  assert.deepEqual(heard.scored, []);
  const answer = await runner.render({ ...REQUEST, target: "token" });
  assert.deepEqual(heard.scored, [{ image: "here", target: "token" }]);
  assert.deepEqual(answer.scores, SCORES);
  for (const scores_of of [async () => ({ error: "no" }), () => Promise.reject(new Error("gone"))]) {
    Object.assign(server, { scores_of });
    assert.equal((await runner.render({ ...REQUEST, target: "token" })).scores, null);
  }
});
