import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { embed, encodePng, extract } from "../../citygan/ui/static/core/png.js";

/** The bytes of each row as they were, for one IDAT chunk whose rows say what changed since the one above. */
function decode(png) {
  const view = new DataView(png.buffer);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const row = width * (png[25] === 2 ? 3 : 1);
  const data = inflateSync(png.subarray(41, 41 + view.getUint32(33)));
  const pixels = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    assert.equal(data[y * (row + 1)], 2);
    for (let x = 0; x < row; x++) {
      pixels[y * row + x] = data[y * (row + 1) + 1 + x] + (y ? pixels[(y - 1) * row + x] : 0);
    }
  }
  return { pixels, width, height };
}

for (const channels of [1, 3]) {
  test(`pixels of ${channels} bytes go into a PNG without loss, and a text beside them`, async () => {
    const pixels = Uint8Array.from({ length: channels * 35 }, (_, i) => (i * 91) % 256);
    const png = await encodePng({ pixels, width: 7, height: 5 });
    assert.deepEqual(decode(png), { pixels, width: 7, height: 5 });
    const told = embed(png, "citygan", "a street, größer");
    assert.equal(JSON.parse(`"${extract(told, "citygan")}"`), "a street, größer");
  });
}

test("pixels of two bytes are none", async () => {
  await assert.rejects(encodePng({ pixels: new Uint8Array(8), width: 2, height: 2 }), /8 bytes for 2 x 2/);
});
