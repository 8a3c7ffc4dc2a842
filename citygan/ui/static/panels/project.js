/**
 * Projects: a PNG that shows the photo and carries the label map, the seed and the checkpoint's name.
 *
 * They stand as JSON in a tEXt chunk (PNG specification, 11.3.3.2), so any viewer still shows the picture.
 */

import { download, mapPicture, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { crc32, decodeMap, encodeMap } from "../core/wire.js";

const KEYWORD = "CityGAN project";
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const MAX_SIDE = 2048;
const MAX_SEED = 2 ** 31 - 1;

/** The chunks of a PNG. @yields {{type: string, data: Uint8Array, start: number}} */
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

/** A tEXt chunk; other than ASCII is escaped, because tEXt is Latin-1. */
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
 * Puts a project into a PNG.
 * @param {Uint8Array} png
 * @param {object} project anything that JSON can say
 * @returns {Uint8Array}
 */
export function embed(png, project) {
  const end = [...chunks(png)].find(({ type }) => type === "IEND").start;
  const chunk = textChunk(KEYWORD, JSON.stringify(project));
  const out = new Uint8Array(png.length + chunk.length);
  out.set(png.subarray(0, end));
  out.set(chunk, end);
  out.set(png.subarray(end), end + chunk.length);
  return out;
}

/**
 * Takes the project out of a file.
 * @param {Uint8Array} bytes
 * @returns {object | null} null if it carries none
 * @throws {Error} it is damaged
 */
export function extract(bytes) {
  for (const { type, data } of chunks(bytes)) {
    if (type !== "tEXt") continue;
    const text = new TextDecoder("latin1").decode(data);
    const [keyword, json] = [text.slice(0, text.indexOf("\0")), text.slice(text.indexOf("\0") + 1)];
    if (keyword === KEYWORD) return JSON.parse(json);
  }
  return null;
}

/** Checks what came out of a file, and unpacks its map. */
function unpack({ map, seed }, known) {
  if (!(map?.width <= MAX_SIDE && map?.height <= MAX_SIDE)) throw new Error("its label map is too large");
  const decoded = decodeMap(map);
  const stranger = decoded.ids.find((id) => !known.has(id));
  if (stranger !== undefined) throw new Error(`its label map has the unknown class ${stranger}`);
  return { map: decoded, seed: Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED ? seed : null };
}

async function asPng(source, width, height) {
  const canvas = el("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(source, 0, 0, width, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * The button that saves, and the function that opens.
 * @param {object} painter
 * @param {string} checkpoint its name
 * @param {{shot: () => object | null, seed: () => number | null, openMap: Function}} studio
 */
export function buildProject(painter, checkpoint, { shot, seed, openMap }) {
  const known = new Set(painter.classes.map((c) => c.id));

  async function save() {
    const { ids, width, height, revision } = painter;
    const project = { version: 1, map: encodeMap(ids, width, height, revision, true), seed: seed(), checkpoint };
    let picture = mapPicture(painter, painter.colorOf);
    const photo = shot();
    if (photo?.crc32 === crc32(ids)) {
      picture = new Image();
      picture.src = photo.photo;
      await picture.decode();
    }
    const png = embed(await asPng(picture, width, height), project);
    const url = URL.createObjectURL(new Blob([png], { type: "image/png" }));
    download(url, "citygan-project.png");
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    painter.say("Project saved: a PNG with the map and the seed inside");
  }

  /** @param {Blob} file @returns {Promise<boolean>} whether it was a project */
  async function open(file) {
    const project = extract(new Uint8Array(await file.arrayBuffer()));
    if (!project) return false;
    const { map, seed: itsSeed } = unpack(project, known);
    const other = project.checkpoint !== checkpoint && `; its photo was made by ${String(project.checkpoint)}`;
    openMap(map, itsSeed, `Project opened${other || ""}`);
    return true;
  }

  const title = "Save a PNG that carries the map and the seed, and opens here again";
  return { element: textButton("Save", save, { title }), save, open };
}
