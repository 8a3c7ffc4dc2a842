/** Pictures and their pixels. */

import { encodePng } from "../core/png.js";
import { toBase64 } from "../core/wire.js";
import { contextOf, el } from "../view/dom.js";

/** @import { Picture } from "../core/scores.js" */
/** @import { Bytes } from "../core/wire.js" */
/** @import { Rgba } from "./labels.js" */

const MAX_SIDE_PX = 2048;

/**
 * The pixels of an image file, not blended with anything.
 * @param {Blob} file
 * @returns {Promise<ImageData>} the longer side at most 2048 px; what is larger is reduced to the nearest ones
 * @throws {Error} it is no image
 */
export async function pixelsOf(file) {
  const bitmap = await createImageBitmap(file, {
    premultiplyAlpha: "none",
    colorSpaceConversion: "none",
  }).catch(() => {
    throw new Error("it is no image that this browser can open");
  });
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  return drawn(bitmap, Math.round(bitmap.width * scale), Math.round(bitmap.height * scale), false);
}

/** Whether a file is a PNG of 16 bits a value, of which a browser drops half. @param {Blob} file */
export async function isDeep(file) {
  const head = new Uint8Array(await file.slice(0, 26).arrayBuffer());
  return file.type === "image/png" && head[24] === 16;
}

/** A JPEG as a data URL, of the best quality. @param {Rgba} picture */
export function jpegUrl({ data, width, height }) {
  const canvas = el("canvas");
  Object.assign(canvas, { width, height });
  contextOf(canvas).putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  return canvas.toDataURL("image/jpeg", 1);
}

/** A picture at another size, smooth. @param {Rgba} picture @param {number} width @param {number} height */
export async function resized({ data, width: w, height: h }, width, height) {
  const image = new ImageData(new Uint8ClampedArray(data), w, h);
  return w === width && h === height ? image : drawn(await createImageBitmap(image), width, height, true);
}

/** @param {ImageBitmap} bitmap @param {number} width @param {number} height @param {boolean} smooth */
function drawn(bitmap, width, height, smooth) {
  const canvas = el("canvas");
  Object.assign(canvas, { width: Math.max(1, width), height: Math.max(1, height) });
  const context = contextOf(canvas, { willReadFrequently: true });
  Object.assign(context, { imageSmoothingEnabled: smooth, imageSmoothingQuality: "high" });
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Without its fourth channel. @param {Rgba} picture @returns {Picture} */
export function opaque({ data, width, height }) {
  const pixels = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    pixels[to] = data[from];
    pixels[to + 1] = data[from + 1];
    pixels[to + 2] = data[from + 2];
  }
  return { pixels, width, height };
}

/** Two pictures of the same size, the second on the right. @param {Picture} left @param {Picture} right @returns {Picture} */
export function sideBySide(left, right) {
  const row = 3 * left.width;
  const pixels = new Uint8Array(2 * left.pixels.length);
  for (let y = 0; y < left.height; y++) {
    pixels.set(left.pixels.subarray(y * row, (y + 1) * row), 2 * y * row);
    pixels.set(right.pixels.subarray(y * row, (y + 1) * row), (2 * y + 1) * row);
  }
  return { pixels, width: 2 * left.width, height: left.height };
}

/** A PNG as a data URL. @param {{pixels: Bytes, width: number, height: number}} picture */
export async function pngUrl(picture) {
  return `data:image/png;base64,${toBase64(await encodePng(picture))}`;
}
