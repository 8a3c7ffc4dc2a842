/**
 * A document of the canvas: a map, and the seed and the light that its photo was drawn with. It is written in two ways: as
 * text for what is stored (JSON; the browser's memory, the chunk of a project), and as the fragment of a
 * link, where each character counts.
 */

import { checkedAgain } from "./again.js";
import { checkedLight } from "./light.js";
import { decodeMap, encodeMap, fromBase64, toBase64 } from "./wire.js";

const VERSION = 1; // of both ways
const WITH_LIGHT = 2; // of a link whose header goes on with the light: its length (uint8), and JSON
const WITH_MORE = 3; // whose header goes on with light and regions: their length (uint32), and JSON
const MAX_SIDE = 2048; // MAX_SIDE_PX in wire.py
export const MAX_SEED = 2 ** 31 - 1;

export const FRAGMENT = "#map=";
const HEADER_BYTES = 9; // version, width, height (uint16), seed + 1 or 0 (uint32)

/** @import { Again } from "./again.js" */
/** @import { Light } from "./light.js" */
/** @import { Place } from "../types.js" */
/** @import { Bytes, LabelMap } from "./wire.js" */

/** What one paints with. @typedef {{tool: string, classId: number, size: number, stamp: string}} Hand */

/**
 * @typedef {object} CanvasDocument
 * @property {LabelMap} map
 * @property {number | null} seed
 * @property {Light | null} [light]
 * @property {Again | null} [again] regions that were drawn again
 * @property {string} [checkpoint] whose photo it was; in text alone
 * @property {number} [at] when it was written, milliseconds since 1970; in text alone
 * @property {Hand} [hand] in text alone
 * @property {Place} [place] of the next drive; in text alone
 */

/** @param {CanvasDocument} document @returns {string} */
export function toText({ map, ...rest }) {
  return JSON.stringify({ version: VERSION, map: encodeMap(map, 0, true), ...rest });
}

/**
 * @param {string} text
 * @param {Set<number>} known class ids
 * @returns {CanvasDocument}
 * @throws {Error} it is damaged, or not ours
 */
export function fromText(text, known) {
  // Early texts have no version.
  const { version = VERSION, map, seed, light, again, checkpoint, at, hand, place } = JSON.parse(text) ?? {};
  if (version !== VERSION) throw new Error(`it is of version ${version}`);
  if (!map) throw new Error("it holds no map");
  checkSize(map.width, map.height);
  const document = checked(decodeMap(map), { seed, light, again }, known);
  if (typeof checkpoint === "string") document.checkpoint = checkpoint;
  if (typeof at === "number") document.at = at;
  if (isHand(hand)) document.hand = hand;
  if (isPlace(place)) document.place = place;
  return document;
}

/** @param {any} hand @returns {hand is Hand} */
function isHand(hand) {
  const { tool, classId, size, stamp } = hand ?? {};
  const texts = [tool, stamp].every((name) => typeof name === "string");
  return texts && [classId, size].every(Number.isInteger);
}

/** @param {any} place @returns {place is Place} */
function isPlace(place) {
  const { name, street, at_m, time_s } = place ?? {};
  const which = street === null ? typeof name === "string" : name === null && Number.isInteger(street);
  return which && [at_m, time_s].every(Number.isFinite);
}

/** @param {CanvasDocument} document @returns {Promise<string>} the fragment, `#map=...` */
export async function toFragment({ map: { ids, width, height }, seed, light, again }) {
  const small = light ? rounded(light) : null;
  const more = again ? { light: small, again } : small;
  const text = more ? new TextEncoder().encode(JSON.stringify(more)) : new Uint8Array();
  const counted = again ? 4 : Number(Boolean(light)); // bytes that say how long it is
  const header = HEADER_BYTES + counted + text.length;
  const body = await collect(through(sinceRowAbove(ids, width), new CompressionStream("deflate-raw")));
  const bytes = new Uint8Array(header + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, again ? WITH_MORE : light ? WITH_LIGHT : VERSION);
  view.setUint16(1, width);
  view.setUint16(3, height);
  view.setUint32(5, seed === null ? 0 : seed + 1);
  if (again) view.setUint32(HEADER_BYTES, text.length);
  else if (light) view.setUint8(HEADER_BYTES, text.length);
  bytes.set(text, HEADER_BYTES + counted);
  bytes.set(body, header);
  return FRAGMENT + toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * @param {string} fragment
 * @param {Set<number>} known class ids
 * @returns {Promise<CanvasDocument>}
 * @throws {Error} it was cut off, or is not ours
 */
export async function fromFragment(fragment, known) {
  const bytes = fromBase64(fragment.slice(FRAGMENT.length).replace(/-/g, "+").replace(/_/g, "/"));
  if (bytes.length <= HEADER_BYTES) throw new Error("it was cut off");
  const view = new DataView(bytes.buffer);
  const [version, width, height] = [view.getUint8(0), view.getUint16(1), view.getUint16(3)];
  if (![VERSION, WITH_LIGHT, WITH_MORE].includes(version)) throw new Error(`it is of version ${version}`);
  checkSize(width, height);
  const counted = { [WITH_LIGHT]: 1, [WITH_MORE]: 4 }[version] ?? 0;
  const at = HEADER_BYTES + counted;
  if (bytes.length <= at) throw new Error("it was cut off");
  const length = counted === 4 ? view.getUint32(HEADER_BYTES) : counted ? bytes[HEADER_BYTES] : 0;
  const body = through(bytes.subarray(at + length), new DecompressionStream("deflate-raw"));
  const ids = await collect(body, width * height);
  if (ids.length !== width * height) throw new Error("it was cut off");
  for (let i = width; i < ids.length; i++) ids[i] ^= ids[i - width];
  const more = length ? parsed(bytes.subarray(at, at + length)) : null;
  const { light, again = null } = version === WITH_MORE ? (more ?? {}) : { light: more };
  return checked({ ids, width, height }, { seed: view.getUint32(5) - 1, light, again }, known);
}

/** With as many digits as anybody sees. @param {Light} light */
function rounded({ light, ...changes }) {
  return { light: Array.isArray(light) ? light.map((n) => Math.round(n * 100) / 100) : light, ...changes };
}

/** @param {Bytes} text */
function parsed(text) {
  try {
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    return null;
  }
}

/** @param {number} width @param {number} height */
function checkSize(width, height) {
  /** @param {number} side */
  const possible = (side) => Number.isInteger(side) && side >= 1 && side <= MAX_SIDE;
  if (!possible(width) || !possible(height)) throw new Error(`its size, ${width} x ${height}, is impossible`);
}

/**
 * A document with a map of known classes; a seed, a light or regions that cannot be count as none.
 * @param {LabelMap} map
 * @param {{seed: any, light: any, again: any}} drawing
 * @param {Set<number>} known
 * @returns {CanvasDocument}
 */
function checked(map, { seed, light, again }, known) {
  const stranger = map.ids.find((id) => !known.has(id));
  if (stranger !== undefined) throw new Error(`its map has the unknown class ${stranger}`);
  const drawn = Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED ? seed : null;
  const regions = checkedAgain(again, map, MAX_SEED);
  return { map, seed: drawn, light: checkedLight(light), ...(regions && { again: regions }) };
}

/**
 * Each row as what changed since the row above it: long runs of zeros, which deflate nearly to nothing.
 * @param {Bytes} ids
 * @param {number} width
 */
function sinceRowAbove(ids, width) {
  return ids.map((id, i) => (i < width ? id : id ^ ids[i - width]));
}

/**
 * @param {Bytes} bytes
 * @param {CompressionStream | DecompressionStream} stream
 * @returns {ReadableStream<Bytes>}
 */
function through(bytes, stream) {
  return new Blob([bytes]).stream().pipeThrough(stream);
}

/**
 * All that a stream gives, in one piece.
 * @param {ReadableStream<Bytes>} stream
 * @param {number} [most] bytes; it is left when there are more
 */
async function collect(stream, most = Infinity) {
  const pieces = [];
  let size = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    pieces.push(next.value);
    size += next.value.length;
    if (size > most) throw new Error("it holds too much");
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
