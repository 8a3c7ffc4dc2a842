/** Small parts that the studio's panels share: buttons with words, menus, files. */

import { colorTable } from "../core/colors.js";
import { contextOf, el } from "./dom.js";

/** @import { LabelMap } from "../core/wire.js" */

const JPEG_QUALITY = 0.92;
const GAP_PX = 6; // between a menu and its opener
const DOWNLOADED_AFTER_MS = 60_000;

/**
 * A button with words.
 * @param {string} text
 * @param {() => void} run
 * @param {{className?: string, title?: string}} [look]
 */
export function textButton(text, run, { className = "cg-text-button", title = "" } = {}) {
  const node = el("button", className, text);
  node.type = "button";
  if (title) node.title = title;
  node.addEventListener("click", run);
  return node;
}

/** Where arrow keys go in a menu. @type {Record<string, 1 | -1>} */
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/**
 * Makes a button open a menu below it, or above where there is no room.
 * @param {HTMLButtonElement} opener
 * @param {HTMLElement} content has to be in the document, too
 * @param {() => void} [onOpen]
 */
export function menuBelow(opener, content, onOpen = () => {}) {
  content.popover = "auto";
  content.classList.add("cg-menu");
  opener.popoverTargetElement = content;
  opener.setAttribute("aria-haspopup", "true");
  opener.setAttribute("aria-expanded", "false");
  content.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    opener.setAttribute("aria-expanded", String(open));
    if (!open) return;
    onOpen();
    const box = opener.getBoundingClientRect();
    const below = window.innerHeight - box.bottom - GAP_PX;
    const top = below >= content.offsetHeight ? box.bottom + GAP_PX : box.top - GAP_PX - content.offsetHeight;
    content.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - content.offsetWidth - 8))}px`;
    content.style.top = `${Math.max(8, top)}px`;
    buttonsIn(content)[0]?.focus();
  });
  content.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!content.popover || !step || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    event.stopPropagation(); // a menu may lie in another one
    const all = buttonsIn(content);
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    all.at((at + step) % all.length)?.focus();
  });
}

/** @param {HTMLElement} content @returns {HTMLButtonElement[]} those that can be pressed */
function buttonsIn(content) {
  return [...content.querySelectorAll("button")].filter((node) => !node.disabled && node.checkVisibility());
}

/**
 * A slider with its name.
 * @param {string} name
 * @param {{min?: number, max?: number, value?: number}} range
 * @param {(value: number) => void} onInput
 */
export function slider(name, { min = 0, max = 100, value = 0 }, onInput) {
  const input = el("input");
  Object.assign(input, { type: "range", min, max, value });
  input.addEventListener("input", () => onInput(Number(input.value)));
  return { element: el("label", "cg-slider", el("span", "", name), input), input };
}

/** Hands a file to the visitor. @param {string} url a data or object URL @param {string} name */
export function download(url, name) {
  const link = el("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** Hands a file to the visitor. @param {Blob} blob @param {string} name */
export function downloadBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  download(url, name);
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOADED_AFTER_MS);
}

/** A picture that is ready to be drawn. @param {string} url */
export async function pictureOf(url) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  return picture;
}

/** Lets the visitor choose a file. @param {string} accept @param {(file: File) => void} use */
export function chooseFile(accept, use) {
  const input = el("input");
  input.type = "file";
  input.accept = accept;
  input.addEventListener("change", () => {
    if (input.files?.[0]) use(input.files[0]);
  });
  input.click();
}

/** @param {Blob} blob @returns {Promise<string>} */
export function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/**
 * A data URL of a picture that is no larger than it has to be.
 * @param {Blob} file
 * @param {number} mostPx of its longer side
 */
export async function scaledDown(file, mostPx) {
  const { width, height } = await bitmapOf(file);
  if (mostPx >= Math.max(width, height)) return dataUrl(file);
  return (await drawnDown(file, mostPx)).toDataURL("image/png");
}

/**
 * A data URL of a photo, as JPEG.
 * @param {Blob} file
 * @param {number} mostPx of its longer side
 */
export async function scaledPhoto(file, mostPx) {
  return (await drawnDown(file, mostPx)).toDataURL("image/jpeg", JPEG_QUALITY);
}

/** @param {Blob} file @param {number} mostPx */
async function drawnDown(file, mostPx) {
  const bitmap = await bitmapOf(file);
  const scale = Math.min(1, mostPx / Math.max(bitmap.width, bitmap.height));
  const canvas = el("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** @param {Blob} file */
function bitmapOf(file) {
  return createImageBitmap(file).catch(() => {
    throw new Error("it is no image that this browser can open");
  });
}

/**
 * Lets image files be dropped on an element, which gets the class `cg-drop` meanwhile.
 * @param {HTMLElement} element
 * @param {(file: File) => void} use
 */
export function acceptDrop(element, use) {
  /** @param {DragEvent} event */
  const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
  element.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    event.stopPropagation();
    element.classList.add("cg-drop");
  });
  element.addEventListener("dragleave", (event) => {
    const inside = event.relatedTarget instanceof Node && element.contains(event.relatedTarget);
    if (!inside) element.classList.remove("cg-drop");
  });
  element.addEventListener("drop", (event) => {
    element.classList.remove("cg-drop");
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    use(file);
  });
}

/**
 * Draws a label map in its colours.
 * @param {LabelMap} map
 * @param {(id: number) => number[]} colorOf
 * @param {HTMLCanvasElement} [canvas]
 */
export function mapPicture({ ids, width, height }, colorOf, canvas = el("canvas")) {
  const table = colorTable(new Map([...new Set(ids)].map((id) => [id, colorOf(id)])), null);
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < ids.length; i++) pixels[i] = table[ids[i]];
  canvas.width = width;
  canvas.height = height;
  contextOf(canvas).putImageData(image, 0, 0);
  return canvas;
}
