/** Text inside a PNG: a tEXt chunk (PNG specification, 11.3.3.2), so any viewer still shows the picture. */

import { crc32 } from "./wire.js";

/** @typedef {import("./wire.js").Bytes} Bytes */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

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

/**
 * A tEXt chunk. Other than ASCII is escaped as JSON does it, because tEXt is Latin-1.
 * @param {string} keyword
 * @param {string} text
 */
function textChunk(keyword, text) {
  const ascii = text.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const body = new TextEncoder().encode(`tEXt${keyword}\0${ascii}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(chunk.length - 4, crc32(body));
  return chunk;
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
  const chunk = textChunk(keyword, text);
  const out = new Uint8Array(png.length + chunk.length);
  out.set(png.subarray(0, end));
  out.set(chunk, end);
  out.set(png.subarray(end), end + chunk.length);
  return out;
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
