/** @import { DeviceInfo } from "../types.js" */

const LEAST_DB = 40; // of the PSNR; WebAssembly reaches 80 and more

/**
 * Whether a photo is the one that torch makes.
 * @param {Float32Array} planes in [-1, 1]
 * @param {[number, number]} size width and height
 * @param {DeviceInfo["check"]} check
 */
export function alike(planes, [width, height], { every, pixels }) {
  let squares = 0;
  let i = 0;
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < height; y += every) {
      for (let x = 0; x < width; x += every) {
        squares += (planes[(plane * height + y) * width + x] - pixels[i++]) ** 2;
      }
    }
  }
  return 10 * Math.log10(4 / (squares / i)) >= LEAST_DB; // never of what is no number
}
