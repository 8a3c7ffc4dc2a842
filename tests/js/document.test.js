import assert from "node:assert/strict";
import test from "node:test";
import { deflateRawSync } from "node:zlib";
import "./deflate_raw.js";
import {
  FRAGMENT,
  fromFragment,
  fromText,
  MAX_SEED,
  toFragment,
  toText,
} from "../../citygan/ui/static/core/document.js";
import { embed, extract } from "../../citygan/ui/static/core/png.js";
import { encodeMap } from "../../citygan/ui/static/core/wire.js";
import { fixture } from "./maps.js";

const old = fixture("documents"); // as the page wrote them before it had one codec
const map = { ids: Uint8Array.from(old.ids), width: old.width, height: old.height };
const known = new Set([...old.ids, 3]);
const KEYWORD = "CityGAN project";
const dusk = { light: "dusk", brightness: 0, warmth: 0.5 };
const png = Uint8Array.from(Buffer.from(old.project, "base64"));

test("a document survives as text, with what belongs to it", () => {
  const hand = { tool: "line", classId: 26, size: 7, stamp: "car" };
  const kept = { map, seed: 5, light: dusk, checkpoint: "citygan ✓", at: 1_760_000_000_000, hand };
  assert.deepEqual(fromText(toText(kept), known), kept);
  assert.deepEqual(fromText(toText({ map, seed: null }), known), { map, seed: null, light: null });
});

const again = {
  plane: encodeMap({ ...map, ids: map.ids.map((_, i) => i % 3) }, 0, true),
  seeds: [7, MAX_SEED],
};

for (const light of [null, dusk]) {
  test(`regions that were drawn again survive as text and as a link, ${light ? "with" : "without"} a light`, async () => {
    const kept = { map, seed: 5, light, again };
    assert.deepEqual(fromText(toText(kept), known), kept);
    assert.deepEqual(await fromFragment(await toFragment(kept), known), kept);
  });
}

for (const [what, change] of Object.entries({
  "no plane": { plane: undefined },
  "a plane of another size": { plane: { ...again.plane, width: 1 } },
  "a plane that is damaged": { plane: { ...again.plane, data: "AAAA" } },
  "a region without a seed": { seeds: [7] },
  "no seeds": { seeds: [] },
  "a seed that is too large": { seeds: [7, MAX_SEED + 1] },
  "half a seed": { seeds: [7, 0.5] },
})) {
  test(`regions with ${what} count as none, and the map is opened`, () => {
    const opened = fromText(toText({ map, seed: 5, again: { ...again, ...change } }), known);
    assert.deepEqual(opened, { map, seed: 5, light: null });
  });
}

test("the place of the next drive survives as text; one that cannot be counts as none", () => {
  const places = [
    { name: "shops", street: null, at_m: 12.5, time_s: 3 },
    { name: null, street: 7, at_m: 0, time_s: 0 },
  ];
  for (const place of places) assert.deepEqual(fromText(toText({ map, seed: 5, place }), known).place, place);
  for (const place of [null, "shops", {}, { ...places[0], street: 7 }, { ...places[1], at_m: "far" }]) {
    assert.equal("place" in fromText(toText({ map, seed: 5, place }), known), false);
  }
});

test("a hand that cannot be one counts as none", () => {
  for (const hand of [null, "brush", {}, { tool: "brush", classId: 7, size: "large", stamp: "car" }]) {
    assert.equal("hand" in fromText(toText({ map, seed: null, hand }), known), false);
  }
});

for (const seed of [null, 0, 421, MAX_SEED]) {
  test(`a document survives as a link with the seed ${seed}`, async () => {
    const opened = await fromFragment(await toFragment({ map, seed }), known);
    assert.deepEqual(opened, { map, seed, light: null });
  });
}

const numbers = { light: [1.234, -100, 0, 0, 0, 0, 0, 99.999], brightness: -0.5, warmth: 3 };
for (const [what, light, opened] of [
  ["a name", dusk, dusk],
  ["numbers", numbers, { ...numbers, light: [1.23, -100, 0, 0, 0, 0, 0, 100] }],
]) {
  test(`a document survives as a link with the light of ${what}`, async () => {
    const link = await toFragment({ map, seed: 3, light });
    assert.deepEqual(await fromFragment(link, known), { map, seed: 3, light: opened });
  });
}

test("a link has only characters that no program changes", async () => {
  const ids = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * i * 31) & 31);
  const link = await toFragment({ map: { ids, width: 64, height: 64 }, seed: 1 });
  assert.match(link, /^#map=[\w-]+$/);
  assert.deepEqual((await fromFragment(link, new Set(ids))).map.ids, ids);
});

test("text has the same map as the wire, so that other programs can read a project", () => {
  assert.deepEqual(JSON.parse(toText({ map, seed: 1 })).map, encodeMap(map, 0, true));
});

test("old links open", async () => {
  assert.deepEqual(await fromFragment(old.link, known), { map, seed: old.seed, light: null });
  assert.deepEqual(await fromFragment(old.linkWithoutSeed, known), { map, seed: null, light: null });
});

test("what an old page kept in the browser opens", () => {
  assert.deepEqual(fromText(old.autosave, known), {
    map,
    seed: old.seed,
    light: null,
    at: 1_760_000_000_000,
  });
});

test("old projects open", () => {
  const opened = fromText(extract(png, KEYWORD), known);
  assert.deepEqual(opened, { map, seed: old.seed, light: null, checkpoint: "citygan-plus✓" });
});

const changed = (change) => JSON.stringify({ ...JSON.parse(old.autosave), ...change });
const sized = (width, height) => changed({ map: { ...JSON.parse(old.autosave).map, width, height } });
const texts = {
  nothing: ["null", /holds no map/],
  "no map": [changed({ map: undefined }), /holds no map/],
  "an empty map": [changed({ map: {} }), /its size, undefined x undefined, is impossible/],
  "of a later version": [changed({ version: 2 }), /it is of version 2/],
  "too large": [sized(2049, 1), /its size, 2049 x 1, is impossible/],
  "of no size": [sized(0, 8), /its size, 0 x 8, is impossible/],
  "of half a pixel": [sized(12, 7.5), /its size, 12 x 7.5, is impossible/],
  "of another size": [sized(12, 9), /runs cover 96 pixels of 12 x 9/],
  "cut off": [old.autosave.slice(0, 40), SyntaxError],
};
for (const [why, [text, reason]] of Object.entries(texts)) {
  test(`a text is refused: ${why}`, () => assert.throws(() => fromText(text, known), reason));
}

for (const seed of [-1, 1.5, MAX_SEED + 1, "7", null, undefined]) {
  test(`what cannot be a seed is none: ${seed}`, () =>
    assert.equal(fromText(changed({ seed }), known).seed, null));
}

for (const light of [
  "dusk",
  { light: 3 },
  { light: [1, 2] },
  { light: "x".repeat(65) },
  { light: [null, 0, 0, 0, 0, 0, 0, 0] },
  { light: "dusk", brightness: 3.1 },
  { light: "dusk", warmth: "1" },
  { light: null, brightness: 0, warmth: 0 },
]) {
  test(`what cannot be a light is none: ${JSON.stringify(light)}`, () =>
    assert.equal(fromText(changed({ light }), known).light, null));
}

test("a link whose light is damaged opens in the light that its map suggests", async () => {
  const bytes = Buffer.from(
    (await toFragment({ map, seed: 3, light: dusk })).slice(FRAGMENT.length),
    "base64url",
  );
  bytes[12] = 0;
  const opened = await fromFragment(FRAGMENT + bytes.toString("base64url"), known);
  assert.deepEqual(opened, { map, seed: 3, light: null });
});

test("a map with a class that the page does not know is refused", async () => {
  assert.throws(() => fromText(old.autosave, new Set([7, 23, 0])), /the unknown class 26/);
  await assert.rejects(fromFragment(old.link, new Set([7, 23, 0])), /the unknown class 26/);
});

/** A link of any header and body. */
function link(width, height, body, version = 1) {
  const header = [version, width >> 8, width & 255, height >> 8, height & 255, 0, 0, 0, 0];
  return FRAGMENT + Buffer.concat([Buffer.from(header), body]).toString("base64url");
}
const body = (length) => deflateRawSync(new Uint8Array(length).fill(3));
const links = {
  empty: [FRAGMENT, /cut off/],
  "a few characters": [`${FRAGMENT}AAAA`, /cut off/],
  "no base64": [`${FRAGMENT}!!!`, /./],
  "of a later version": [link(4, 4, body(16), 4), /it is of version 4/],
  "of no size": [link(0, 4, body(16)), /its size, 0 x 4, is impossible/],
  "too large": [link(2049, 4, body(16)), /its size, 2049 x 4, is impossible/],
  "with too few pixels": [link(4, 4, body(15)), /cut off/],
  "with too many pixels": [link(4, 4, body(17)), /holds too much/],
  "a bomb": [link(4, 4, body(3_000_000)), /holds too much/],
  "not deflated": [link(4, 4, Buffer.alloc(30, 255)), /./],
};
for (const [why, [text, reason]] of Object.entries(links)) {
  test(`a link is refused: ${why}`, () => assert.rejects(fromFragment(text, known), reason));
}

test("a PNG takes a text in, and stays the PNG that it was", () => {
  const plain = png.slice(0, png.length - 12 - (12 + 196));
  const bare = Uint8Array.from([...plain, ...png.slice(-12)]);
  assert.equal(extract(bare, KEYWORD), null);
  const carrying = embed(bare, KEYWORD, '{"name": "Straße ✓"}');
  assert.deepEqual(JSON.parse(extract(carrying, KEYWORD)), { name: "Straße ✓" });
  assert.deepEqual(carrying.slice(0, plain.length), plain);
  assert.deepEqual(carrying.slice(-12), png.slice(-12));
  assert.deepEqual(embed(bare, KEYWORD, extract(png, KEYWORD)), png);
});

test("a damaged PNG is refused, and what is no PNG carries nothing", () => {
  const damaged = png.slice();
  damaged[png.length - 100] ^= 1;
  assert.throws(() => extract(damaged, KEYWORD), /a checksum is wrong/);
  assert.equal(extract(png.slice(0, -20), KEYWORD), null); // cut off within the text
  assert.equal(extract(Uint8Array.of(1, 2, 3), KEYWORD), null);
  assert.equal(extract(png, "Comment"), null);
});
