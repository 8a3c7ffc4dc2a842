import assert from "node:assert/strict";
import test from "node:test";
import { crc32, decodeMap, encodeMap, fromBase64, toBase64 } from "../../citygan/ui/static/core/wire.js";
import { fixture } from "./maps.js";

for (const { name, wire, crc32: sum } of fixture("wire")) {
  test(`Python's map enters and leaves the page as it was: ${name}`, () => {
    const map = decodeMap(wire);
    assert.equal(map.ids.length, wire.width * wire.height);
    assert.equal(crc32(map.ids), sum);
    assert.deepEqual(encodeMap(map, wire.seq, wire.final), wire);
  });
}

test("the checksum is the CRC-32 of the world", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assert.equal(crc32(new Uint8Array()), 0);
});

test("base64 goes both ways for each byte, and for more bytes than a call takes arguments", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 7) & 255);
  assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
});

const good = {
  width: 4,
  height: 2,
  encoding: "rle",
  data: toBase64(Uint8Array.of(8, 0, 7)),
  seq: 0,
  final: true,
};
const refused = {
  "too few pixels": { data: toBase64(Uint8Array.of(7, 0, 7)) },
  "too many pixels": { data: toBase64(Uint8Array.of(255, 255, 7)) },
  "half a run": { data: toBase64(Uint8Array.of(7, 0, 7, 1, 0)) },
  "raw too short": { encoding: "raw" },
  "an unknown encoding": { encoding: "png" },
};
for (const [why, change] of Object.entries(refused)) {
  test(`a map on the wire is refused: ${why}`, () => {
    assert.equal(decodeMap(good).ids.join(""), "77777777");
    assert.throws(() => decodeMap({ ...good, ...change }), RangeError);
  });
}
