import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { LiveLoop } from "../../citygan/ui/static/core/loop.js";
import { crc32, decodeMap } from "../../citygan/ui/static/core/wire.js";
import { drawn } from "./maps.js";

const real = { setTimeout, clearTimeout, now: performance.now };
/** Node 18 refuses an assignment. */
const setNow = (value) => Object.defineProperty(performance, "now", { value, configurable: true });
let clock; // {now, timers}

beforeEach(() => {
  clock = { now: 1000, timers: new Map(), last: 0 };
  globalThis.setTimeout = (run, ms) => {
    clock.timers.set(++clock.last, { at: clock.now + ms, run });
    return clock.last;
  };
  globalThis.clearTimeout = (id) => clock.timers.delete(id);
  setNow(() => clock.now);
});

afterEach(() => {
  Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
  setNow(real.now);
});

/** Lets what has been promised happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Lets time pass, timer by timer. */
async function pass(ms) {
  const end = clock.now + ms;
  for (;;) {
    await settle();
    const due = [...clock.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
    if (!due) break;
    clock.timers.delete(due[0]);
    clock.now = Math.max(clock.now, due[1].at);
    due[1].run();
  }
  clock.now = end;
  await settle();
}

/** A loop whose server answers when the test says so. */
function started({ wishes = { seed: null, target: null, light: null } } = {}) {
  const map = drawn("aaaa aaaa");
  const painter = { ...map, revision: 0, stroking: false };
  const requests = []; // {request, answer(...), draw(), fail(...)}
  const heard = { photos: [], states: [], settled: 0 };
  const render = (request) =>
    new Promise((resolve, reject) => {
      const draw = (ids = decodeMap(request.map).ids) => resolve({ ...photo, map_crc32: crc32(ids) });
      requests.push({ request, answer: resolve, draw, fail: reject });
    });
  const loop = new LiveLoop(
    painter,
    () => [2, 1],
    render,
    () => wishes,
    {
      photo: (shot) => heard.photos.push(shot),
      settled: () => heard.settled++,
      state: (kind, text) => heard.states.push([kind, text]),
    },
  );
  const paint = (id, stroking = false) => {
    painter.ids = painter.ids.map(() => id);
    painter.revision++;
    painter.stroking = stroking;
    loop.changed();
  };
  const last = () => requests[requests.length - 1];
  return { painter, requests, heard, loop, paint, last, wishes };
}

const photo = { photo: "data:", scores: null, target_missing: false };

test("the map goes at the generator's size, and its photo says what made it", async () => {
  const { painter, requests, heard, paint, wishes } = started();
  wishes.seed = 7;
  paint(98);
  await pass(0);
  const { map, ...rest } = requests[0].request;
  assert.deepEqual(decodeMap(map), { ids: Uint8Array.of(98, 98), width: 2, height: 1 });
  assert.deepEqual([map.seq, map.final, rest], [1, true, { seed: 7, target: null, light: null }]);
  requests[0].draw();
  await pass(0);
  const [shot] = heard.photos;
  assert.equal(shot.crc32, crc32(painter.ids));
  assert.deepEqual([shot.seed, shot.revision, shot.serial], [7, 1, 1]);
  assert.deepEqual(shot.map.ids, painter.ids);
  assert.notEqual(shot.map.ids, painter.ids, "a copy: the painter goes on");
  await pass(50);
  assert.equal(heard.settled, 1);
  assert.equal(requests.length, 1, "the same map does not go out twice");
});

test("one request is in flight, and the newest map goes next", async () => {
  const { requests, paint, last } = started();
  for (const id of [98, 99, 100]) {
    paint(id, true);
    await pass(60);
  }
  assert.equal(requests.length, 1);
  last().draw();
  await pass(60);
  assert.equal(requests.length, 2);
  assert.equal(decodeMap(last().request.map).ids[0], 100);
  assert.equal(last().request.map.final, false);
});

test("requests keep a distance, but the end of a stroke does not wait", async () => {
  const { requests, paint, last } = started();
  paint(98, true);
  await pass(0);
  last().draw();
  await pass(10);
  paint(99, true);
  await pass(10);
  assert.equal(requests.length, 1, "50 ms are not over");
  paint(100, false);
  await pass(0);
  assert.equal(requests.length, 2);
  assert.equal(last().request.map.final, true);
});

test("while it is not live, a photo comes only when it is asked for", async () => {
  const { requests, heard, loop, paint, last } = started();
  loop.live = false;
  paint(98);
  await pass(1000);
  assert.equal(requests.length, 0);
  assert.deepEqual(heard.states.at(-1), ["paused", "Live is off"]);
  loop.now();
  await pass(0);
  last().draw();
  await pass(0);
  assert.deepEqual([heard.photos.length, heard.settled], [1, 1]);
  loop.now();
  await pass(60);
  assert.equal(requests.length, 2, "and again, though it is the same map");
});

test("another light is another photo of the same map", async () => {
  const { heard, loop, last, requests, wishes } = started();
  loop.changed();
  await pass(0);
  last().draw();
  await pass(100);
  wishes.light = { light: "dusk", brightness: 0, warmth: 0 };
  loop.changed();
  await pass(100);
  assert.equal(requests.length, 2);
  assert.deepEqual(last().request.light, wishes.light);
  last().draw();
  await settle();
  assert.deepEqual(heard.photos.at(-1).light, wishes.light);
});

test("another seed is another photo of the same map", async () => {
  const { requests, loop, paint, last, wishes } = started();
  paint(98);
  await pass(0);
  last().draw();
  await pass(60);
  wishes.seed = 3;
  loop.changed();
  await pass(60);
  assert.deepEqual(
    requests.map(({ request }) => request.seed),
    [null, 3],
  );
});

test("a busy server is asked again, and who asked for the photo gets it though live is off", async () => {
  const { requests, heard, loop, last } = started();
  loop.live = false;
  loop.now();
  await pass(0);
  last().answer({ busy: true });
  await pass(299);
  assert.deepEqual([requests.length, heard.states.at(-1)[0]], [1, "waiting"]);
  await pass(1);
  last().draw();
  await pass(0);
  assert.deepEqual([requests.length, heard.photos.length], [2, 1]);
});

test("a busy server that says when to come back is asked then, and not before", async () => {
  const { requests, paint, last } = started();
  paint(98);
  await pass(0);
  last().answer({ busy: true, retry_s: 1.5 });
  await pass(1499);
  assert.equal(requests.length, 1);
  await pass(1);
  assert.equal(requests.length, 2);
});

test("what the server has to say to everyone stands beside the pace", async () => {
  const { heard, paint, last } = started();
  paint(98);
  await pass(0);
  const { ids } = decodeMap(last().request.map);
  last().answer({ ...photo, notice: "The GPU is full.", map_crc32: crc32(ids) });
  await pass(0);
  assert.match(heard.states.at(-1)[1], /^\d+ ms · The GPU is full\.$/);
});

test("a server that is gone is tried less and less often, until it is back", async () => {
  const { requests, heard, paint, last } = started();
  paint(98);
  await pass(0);
  for (const pause of [500, 1000, 2000, 4000, 8000, 8000]) {
    const before = requests.length;
    last().fail(new Error("offline"));
    await pass(pause - 1);
    assert.equal(requests.length, before, `${pause} ms`);
    assert.equal(heard.states.at(-1)[0], "gone");
    await pass(1);
    assert.equal(requests.length, before + 1);
  }
  last().draw();
  await pass(0);
  assert.equal(heard.photos.length, 1);
  paint(99);
  await pass(60);
  last().answer(undefined);
  await pass(500);
  assert.equal(decodeMap(last().request.map).ids[0], 99, "the first pause is short again");
});

test("an answer that does not come within half a minute counts as none", async () => {
  const { requests, heard, paint } = started();
  paint(98);
  await pass(1200);
  assert.deepEqual(heard.states.at(-1), ["waiting", "Waiting for the photo"]);
  await pass(30_000);
  assert.equal(requests.length, 2);
});

test("an error of the server is shown, and the same map is not tried again by itself", async () => {
  const { requests, heard, loop, paint, last } = started();
  paint(98);
  await pass(0);
  last().answer({ error: "the generator cannot do this" });
  await pass(60_000);
  assert.deepEqual(heard.states.at(-1), ["error", "the generator cannot do this"]);
  assert.deepEqual([requests.length, heard.settled], [1, 0]);
  loop.now();
  await pass(0);
  assert.equal(requests.length, 2);
});

test("what was painted while a request ended in an error goes out next", async () => {
  const { requests, heard, paint, last } = started();
  paint(98);
  await pass(60);
  paint(99);
  last().answer({ error: "the generator cannot do this" });
  await pass(60);
  assert.equal(requests.length, 2);
  assert.equal(decodeMap(last().request.map).ids[0], 99);
  last().draw();
  await pass(60);
  assert.deepEqual([heard.photos.length, heard.settled], [1, 1]);
});

test("a photo of another map is refused, and asked for again", async () => {
  const { requests, heard, paint, last } = started();
  paint(98);
  await pass(0);
  last().draw(Uint8Array.of(98, 99));
  await pass(499);
  assert.deepEqual([requests.length, heard.photos.length], [1, 0]);
  assert.deepEqual(heard.states.at(-1), ["waiting", "The server drew another map; asking again"]);
  await pass(1);
  assert.deepEqual(requests[1].request.map, requests[0].request.map);
  last().draw();
  await pass(60);
  assert.deepEqual([heard.photos.length, heard.settled], [1, 1]);
});

test("unlabeled area is filled for the photo alone, and no longer once that is switched off", async () => {
  const wishes = { seed: null, target: null, light: null, fill: true };
  const { painter, loop, requests, heard, paint } = started({ wishes });
  paint(0);
  await pass(100);
  assert.equal(decodeMap(requests[0].request.map).ids.includes(0), false);
  assert.equal("fill" in requests[0].request, false);
  requests[0].draw();
  await pass(100);
  assert.deepEqual(heard.photos[0].map.ids, painter.ids);
  assert.equal(heard.photos[0].drawn.ids.includes(0), false);
  wishes.fill = false;
  loop.changed();
  await pass(100);
  requests[1].draw();
  await pass(100);
  assert.equal(heard.photos[1].drawn, heard.photos[1].map);
});
