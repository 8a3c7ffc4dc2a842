import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "../../citygan/ui/static/core/scores.js";
import { fixture } from "./maps.js";

const { width, height, pictures, compared } = fixture("pictures");
const picture = (name) => ({ pixels: Uint8Array.from(pictures[name]), width, height });

for (const { photo, target, ssim, psnr, row } of compared) {
  test(`SSIM and PSNR of ${photo} and ${target} are those of torchmetrics`, () => {
    const got = compare(picture(photo), picture(target));
    assert.ok(Math.abs(got.ssim - ssim) < 1e-4, `${got.ssim}, not ${ssim}`);
    assert.ok(Math.abs(got.psnr - (psnr ?? 99)) < 1e-3, `${got.psnr}, not ${psnr}`);
    for (const [x, value] of row.entries()) assert.ok(Math.abs(got.map[x] - value) < 1e-3, `pixel ${x}`);
  });
}

test("pictures of other sizes, and those below the window, are refused", () => {
  const small = { pixels: new Uint8Array(3 * 100), width: 10, height: 10 };
  assert.throws(() => compare(small, small), /at least 11 px, got 10 x 10/);
  assert.throws(() => compare(picture("flat"), small), /a photo of 26 x 19 and a target of 10 x 10/);
});
