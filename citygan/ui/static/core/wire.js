/** How a label map travels: the counterpart of `encode_map`, `decode_map` and `checksum` in wire.py. */

const MAX_RUN = 65535;
const RUN_BYTES = 3; // uint16 little-endian length, uint8 id
const CHUNK = 0x8000; // arguments that every engine accepts for String.fromCharCode

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** @typedef {{ids: Bytes, width: number, height: number}} LabelMap class ids, row by row */

/**
 * A map on the wire; `seq` counts the changes of a canvas, `final` is false while a stroke is in progress.
 * @typedef {{width: number, height: number, encoding: string, data: string, seq: number,
 *   final: boolean}} WireMap
 */

/** CRC-32 of bytes. @param {Uint8Array} bytes @returns {number} an unsigned 32-bit number */
export function crc32(bytes) {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/**
 * Run-length encodes ids.
 * @param {Bytes} ids
 * @returns {Bytes | null} null where that is no shorter than the ids themselves
 */
function runLengths(ids) {
  const out = new Uint8Array(ids.length);
  let at = 0;
  for (let i = 0; i < ids.length; ) {
    const id = ids[i];
    const limit = Math.min(ids.length, i + MAX_RUN);
    let end = i + 1;
    while (end < limit && ids[end] === id) end++;
    if (at + RUN_BYTES >= out.length) return null;
    const length = end - i;
    out[at++] = length & 255;
    out[at++] = length >>> 8;
    out[at++] = id;
    i = end;
  }
  return out.subarray(0, at);
}

/** @param {Bytes} bytes @returns {string} */
export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += Reflect.apply(String.fromCharCode, null, bytes.subarray(i, i + CHUNK));
  }
  return btoa(text);
}

/** @param {string} text @returns {Bytes} */
export function fromBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/**
 * Packs a map for Python.
 * @param {LabelMap} map
 * @param {number} seq
 * @param {boolean} final
 * @returns {WireMap}
 */
export function encodeMap({ ids, width, height }, seq, final) {
  const runs = runLengths(ids);
  return { width, height, encoding: runs ? "rle" : "raw", data: toBase64(runs ?? ids), seq, final };
}

/**
 * Unpacks a map from Python, a file or a link.
 * @param {WireMap} map
 * @returns {LabelMap}
 * @throws {RangeError} the encoding is unknown, or the data do not cover width x height pixels
 */
export function decodeMap({ width, height, encoding, data }) {
  const bytes = fromBase64(data);
  const size = width * height;
  if (encoding === "raw") {
    if (bytes.length !== size) throw new RangeError(`${bytes.length} ids for ${width} x ${height} pixels`);
    return { ids: bytes, width, height };
  }
  if (encoding !== "rle") throw new RangeError(`the encoding ${encoding} is unknown`);
  const ids = new Uint8Array(size);
  let i = 0;
  for (let at = 0; at + RUN_BYTES <= bytes.length; at += RUN_BYTES) {
    const end = i + bytes[at] + 256 * bytes[at + 1];
    ids.fill(bytes[at + 2], i, end);
    i = end;
  }
  if (i !== size) throw new RangeError(`runs cover ${i} pixels of ${width} x ${height}`);
  return { ids, width, height };
}
