import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Drive, PACE_M_S } from "../../citygan/ui/static/core/drive.js";

const real = { now: performance.now };
const setNow = (value) => Object.defineProperty(performance, "now", { value, configurable: true });
let clock = 0;
beforeEach(() => {
  clock = 0;
  setNow(() => clock);
});
afterEach(() => setNow(real.now));

const PLACE = { name: "avenue", street: null, at_m: 0, time_s: 0 };
const DRAWING = { seed: 3, light: null };

/** Drives; every picture takes 0.1 s, and `each` hears of it. */
async function driven(each, { takesMs = 100, answer = () => ({ map: {}, photo: "p" }) } = {}) {
  const requests = [];
  const shown = [];
  const server = {
    drive: async (request) => {
      requests.push(request);
      clock += takesMs;
      return answer(requests.length);
    },
  };
  const drive = new Drive(
    server,
    PLACE,
    () => DRAWING,
    (_, place) => {
      shown.push(place);
      each(drive, shown.length);
    },
  );
  const ended = drive.run();
  await ended;
  return { drive, requests, shown };
}

const stopAfter = (count) => (drive, shown) => shown === count && drive.stop();

test("a drive begins and ends at rest, and is never faster than its pace", async () => {
  const { requests } = await driven(stopAfter(60));
  const paces = requests.map(({ pace }) => pace);
  assert.equal(paces[0], 0);
  assert.equal(paces.at(-1), 0);
  assert.equal(Math.max(...paces), 1);
  assert.deepEqual(requests[0], { ...PLACE, ...DRAWING, pace: 0 });
  const steps = requests.slice(1).map(({ at_m }, i) => at_m - requests[i].at_m);
  assert.ok(steps.every((step) => step >= 0 && step <= 0.1 * PACE_M_S + 1e-9));
  assert.ok(Math.abs(steps[40] - 0.1 * PACE_M_S) < 1e-9);
});

test("pace changes by little from one picture to the next, at the start as at the stop", async () => {
  const { requests } = await driven(stopAfter(60));
  const jumps = requests.slice(1).map(({ pace }, i) => Math.abs(pace - requests[i].pace));
  assert.ok(Math.max(...jumps) < 0.15, `${Math.max(...jumps)}`);
});

test("where the drive ended is what its last picture showed", async () => {
  const { drive, shown } = await driven(stopAfter(40));
  assert.deepEqual(drive.place, shown.at(-1));
});

test("on a slow machine the drive is slow, too", async () => {
  const { requests } = await driven(stopAfter(30), { takesMs: 3000 });
  const steps = requests.slice(1).map(({ at_m }, i) => at_m - requests[i].at_m);
  assert.ok(Math.max(...steps) <= 0.2 * PACE_M_S + 1e-9);
});

test("asked twice, it stops at once", async () => {
  const { requests } = await driven((drive, shown) => shown >= 40 && drive.stop());
  assert.ok(requests.length <= 43, `${requests.length}`);
});

test("an end leaves the last picture as it is", async () => {
  const { shown } = await driven((drive, count) => count === 5 && drive.end());
  assert.equal(shown.length, 5);
});

test("pictures a second are those of the last seconds", async () => {
  const { drive } = await driven(stopAfter(50));
  assert.ok(Math.abs(drive.rate - 10) < 0.1, `${drive.rate}`);
});

test("a refusal ends it with its sentence", async () => {
  await assert.rejects(
    driven(() => {}, { answer: () => ({ error: "no such street" }) }),
    /no such street/,
  );
});

test("a server without time is asked again for the same picture", async () => {
  const { requests } = await driven(stopAfter(2), {
    answer: (count) => (count === 1 ? { busy: true } : { map: {}, photo: "p" }),
  });
  assert.deepEqual(requests[1], requests[0]);
});
