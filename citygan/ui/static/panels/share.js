/** Share links: a map in the fragment of the address, which browsers never send to a server. */

import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { fromBase64, toBase64 } from "../core/wire.js";

const FRAGMENT = "#map=";
const VERSION = 1;
const HEADER_BYTES = 9; // version, width, height (uint16), seed + 1 or 0 (uint32)
const MAX_LINK_CHARS = 16_000; // browsers take more, but many chats and mail programs cut it off
const MAX_SIDE = 2048;

/** @param {Uint8Array} bytes @param {TransformStream} stream */
async function through(bytes, stream) {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

/** Each row as what changed since the row above it: long runs of zeros, which deflate nearly to nothing. */
function sinceRowAbove(ids, width) {
  return ids.map((id, i) => (i < width ? id : id ^ ids[i - width]));
}

function fromRowAbove(bytes, width) {
  for (let i = width; i < bytes.length; i++) bytes[i] ^= bytes[i - width];
  return bytes;
}

/** @returns {Promise<string>} the fragment, `#map=...` */
export async function pack({ ids, width, height }, seed) {
  const body = await through(sinceRowAbove(ids, width), new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint16(1, width);
  view.setUint16(3, height);
  view.setUint32(5, seed === null ? 0 : seed + 1);
  bytes.set(body, HEADER_BYTES);
  return FRAGMENT + toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * @param {string} fragment
 * @param {Set<number>} known class ids
 * @returns {Promise<{map: {ids: Uint8Array, width: number, height: number}, seed: number | null}>}
 * @throws {Error} it is no map
 */
export async function unpack(fragment, known) {
  const bytes = fromBase64(fragment.slice(FRAGMENT.length).replace(/-/g, "+").replace(/_/g, "/"));
  if (bytes.length <= HEADER_BYTES) throw new Error("it was cut off");
  const view = new DataView(bytes.buffer);
  const [version, width, height] = [view.getUint8(0), view.getUint16(1), view.getUint16(3)];
  if (version !== VERSION) throw new Error(`it is of version ${version}`);
  if (Math.min(width, height) < 1 || Math.max(width, height) > MAX_SIDE) throw new Error("its size is impossible");
  const body = await inflate(bytes.subarray(HEADER_BYTES), width * height);
  const ids = fromRowAbove(body, width);
  if (ids.some((id) => !known.has(id))) throw new Error("it has unknown classes");
  const seed = view.getUint32(5);
  return { map: { ids, width, height }, seed: seed ? seed - 1 : null };
}

/** Inflates exactly `size` bytes, and stops reading what would be more. */
async function inflate(bytes, size) {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const out = new Uint8Array(size);
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > size) throw new Error("it holds too much");
    out.set(value, at);
    at += value.length;
  }
  if (at !== size) throw new Error("it was cut off");
  return out;
}

/** Opens the map in the page's address, now and when the address changes, and takes it out of there. */
export function readLink(painter, openMap) {
  const known = new Set(painter.classes.map((c) => c.id));
  const read = async () => {
    if (!location.hash.startsWith(FRAGMENT)) return;
    try {
      const { map, seed } = await unpack(location.hash, known);
      openMap(map, seed, "Opened the map of the link");
    } catch (error) {
      painter.say(`The link holds no map that can be opened: ${error.message}`, true);
    }
    history.replaceState(null, "", location.pathname + location.search);
  };
  window.addEventListener("hashchange", read);
  return read();
}

/** The button that makes a link. @param {() => number | null} seedOf @param {() => void} saveProject */
export function buildShare(painter, seedOf, saveProject) {
  const field = el("input", "cg-link");
  field.readOnly = true;
  field.setAttribute("aria-label", "Link to this map");
  const words = el("p");
  const instead = textButton("Save project", saveProject);
  const close = textButton("Close", () => dialog.close());
  const title = el("h2", "", "Link to this map");
  const dialog = el("dialog", "cg-help", title, words, field, el("div", "cg-bar", instead, close));
  dialog.setAttribute("aria-label", "Link to this map");

  const share = async () => {
    const link = location.href.split("#")[0] + (await pack(painter, seedOf()));
    const tooLong = link.length > MAX_LINK_CHARS;
    field.hidden = tooLong;
    instead.hidden = !tooLong;
    field.value = tooLong ? "" : link;
    const copied = !tooLong && (await copy(link));
    words.textContent = tooLong
      ? `This map is too detailed for a link: it would have ${link.length.toLocaleString()} characters, and many
         programs cut off what is longer than ${MAX_LINK_CHARS.toLocaleString()}. A saved project carries any map.`
      : `${copied ? "Copied. " : "Copy it: "}The whole map is in the link, nothing is stored on a server.`;
    dialog.showModal();
    if (!tooLong) field.select();
  };
  return el("span", "", textButton("Share", share, { title: "Make a link to this map" }), dialog);
}

/** @returns {Promise<boolean>} whether the browser allowed it */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or no secure origin: the field shows the link
  }
}
