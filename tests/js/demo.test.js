import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildDemo, DEMO_MS, TURNED_MS } from "../../citygan/ui/static/core/demo.js";

const [ROAD, SKY, CAR] = [7, 23, 26];
const WIDTH = 160;
const HEIGHT = 120;
const FILE = new URL("../../citygan/ui/static/stamps.json", import.meta.url);
const { parts, ...named } = JSON.parse(readFileSync(FILE, "utf8")).find(({ name }) => name === "car");
const car = { ...named, parts: parts.map(({ points }) => ({ id: CAR, points })) };
const ids = new Uint8Array(WIDTH * HEIGHT).fill(ROAD).fill(SKY, 0, (WIDTH * HEIGHT) / 2);
const map = { ids, width: WIDTH, height: HEIGHT };
const frameAt = buildDemo(map, car, ROAD);
const cars = (ms) => frameAt(ms).ids.filter((id) => id === CAR).length;

test("a first visitor is shown all of it within five seconds", () => {
  assert.ok(TURNED_MS < DEMO_MS && DEMO_MS <= 5000);
});

test("a stroke grows on the road and turns into a car, and the map is left alone", () => {
  const grown = [0, 700, 1200, 1700].map(cars);
  assert.equal(grown[0], 0);
  assert.ok(grown[0] < grown[1] && grown[1] < grown[2] && grown[2] < grown[3], String(grown));
  assert.notDeepEqual(frameAt(TURNED_MS - 1).ids, frameAt(TURNED_MS).ids);
  assert.deepEqual(frameAt(TURNED_MS).ids, frameAt(DEMO_MS).ids);
  assert.ok(cars(DEMO_MS) > 400);
  assert.ok(!ids.includes(CAR));
});

test("the brush stays on the map", () => {
  for (let ms = 0; ms < DEMO_MS; ms += 50) {
    const [x, y] = frameAt(ms).pointer;
    assert.ok(x > 0 && x < WIDTH && y > HEIGHT / 2 && y < HEIGHT);
  }
});
