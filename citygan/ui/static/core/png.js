/**
 * PNG files: pixels as a file, and text inside one: a tEXt chunk (PNG specification, 11.3.3.2), so any viewer
 * still shows the picture.
 */

import { crc32 } from "./wire.js";

/** @typedef {import("./wire.js").Bytes} Bytes */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const UP = 2; // a row as what changed since the one above it

/**
 * The chunks of a PNG; none if it is something else.
 * @param {Bytes} png
 * @returns {Generator<{type: string, data: Bytes, start: number}>}
 * @throws {Error} it is damaged
 */
function* chunks(png) {
  if (!SIGNATURE.every((byte, i) => png[i] === byte)) return;
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  for (let start = SIGNATURE.length; start + 12 <= png.length; ) {
    const length = view.getUint32(start);
    const end = start + 12 + length;
    if (end > png.length) return;
    const body = png.subarray(start + 4, end - 4);
    if (crc32(body) !== view.getUint32(end - 4)) throw new Error("the file is damaged: a checksum is wrong");
    yield { type: String.fromCharCode(...body.subarray(0, 4)), data: body.subarray(4), start };
    start = end;
  }
}

/** @param {string} type four letters @param {Bytes} data */
function chunk(type, data) {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(4, -4)));
  return bytes;
}

/**
 * A tEXt chunk. Other than ASCII is escaped as JSON does it, because tEXt is Latin-1.
 * @param {string} keyword
 * @param {string} text
 */
function textChunk(keyword, text) {
  const ascii = text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return chunk("tEXt", new TextEncoder().encode(`${keyword}\0${ascii}`));
}

/**
 * Puts a text into a PNG.
 * @param {Bytes} png
 * @param {string} keyword
 * @param {string} text
 * @returns {Bytes}
 */
export function embed(png, keyword, text) {
  const end = [...chunks(png)].find(({ type }) => type === "IEND")?.start ?? png.length;
  return joined(png.subarray(0, end), textChunk(keyword, text), png.subarray(end));
}

/**
 * Takes a text out of a file.
 * @param {Bytes} bytes
 * @param {string} keyword
 * @returns {string | null} null if it carries none, or is no PNG
 * @throws {Error} it is damaged
 */
export function extract(bytes, keyword) {
  for (const { type, data } of chunks(bytes)) {
    const text = type === "tEXt" ? new TextDecoder("latin1").decode(data) : "";
    if (text.startsWith(`${keyword}\0`)) return text.slice(keyword.length + 1);
  }
  return null;
}

/** @param {Bytes[]} parts */
function joined(...parts) {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * Pixels as a PNG, without loss: a canvas of the browser may change colours, and knows no grey.
 * @param {{pixels: Bytes, width: number, height: number}} picture row by row, one byte a pixel (grey) or three
 * @returns {Promise<Bytes>}
 */
export async function encodePng({ pixels, width, height }) {
  const row = pixels.length / height;
  const channels = row / width;
  if (channels !== 1 && channels !== 3)
    throw new RangeError(`${pixels.length} bytes for ${width} x ${height} pixels`);
  const filtered = new Uint8Array(pixels.length + height);
  for (let y = 0, at = 0; y < height; y++) {
    filtered[at++] = UP;
    for (let i = y * row; i < (y + 1) * row; i++) filtered[at++] = pixels[i] - (y ? pixels[i - row] : 0);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, channels === 1 ? 0 : 2], 8); // bits, and what they are: grey or red, green and blue
  const packed = new Blob([filtered]).stream().pipeThrough(new CompressionStream("deflate"));
  const data = new Uint8Array(await new Response(packed).arrayBuffer());
  const none = new Uint8Array();
  return joined(Uint8Array.from(SIGNATURE), chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", none));
}
