/** Small parts that the studio's panels share: buttons with words, menus, files. */

import { el } from "./dom.js";

const GAP_PX = 6; // between a menu and its opener

/** A button with words. @returns {HTMLButtonElement} */
export function textButton(text, run, { className = "cg-text-button", title = "" } = {}) {
  const node = el("button", className, text);
  node.type = "button";
  if (title) node.title = title;
  node.addEventListener("click", run);
  return node;
}

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
    content.querySelector("button:not(:disabled)")?.focus();
  });
  content.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step || event.target.matches("input")) return;
    event.preventDefault();
    const all = [...content.querySelectorAll("button:not(:disabled)")];
    all.at((all.indexOf(document.activeElement) + step) % all.length).focus();
  });
}

/** A slider with its name. @returns {{element: HTMLElement, input: HTMLInputElement}} */
export function slider(name, { min = 0, max = 100, value = 0 }, onInput) {
  const input = el("input");
  Object.assign(input, { type: "range", min, max, value });
  input.addEventListener("input", () => onInput(Number(input.value)));
  return { element: el("label", "cg-slider", el("span", "", name), input), input };
}

/** Hands a file to the visitor. @param {string} url a data or object URL */
export function download(url, name) {
  const link = el("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** Lets the visitor choose a file. @param {(file: File) => void} use */
export function chooseFile(accept, use) {
  const input = el("input");
  input.type = "file";
  input.accept = accept;
  input.addEventListener("change", () => input.files[0] && use(input.files[0]));
  input.click();
}

/** @param {Blob} blob @returns {Promise<string>} */
export function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** Lets image files be dropped on an element, which gets the class `cg-drop` meanwhile. */
export function acceptDrop(element, use) {
  const carriesFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  element.addEventListener("dragover", (event) => {
    if (!carriesFile(event)) return;
    event.preventDefault();
    event.stopPropagation();
    element.classList.add("cg-drop");
  });
  element.addEventListener("dragleave", (event) => {
    if (!element.contains(event.relatedTarget)) element.classList.remove("cg-drop");
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

/** Draws a label map in its colours. @returns {HTMLCanvasElement} */
export function mapPicture({ ids, width, height }, colorOf, canvas = el("canvas")) {
  const image = new ImageData(width, height);
  const colors = new Map();
  for (let i = 0; i < ids.length; i++) {
    let color = colors.get(ids[i]);
    if (!color) colors.set(ids[i], (color = colorOf(ids[i])));
    image.data.set(color, 4 * i);
    image.data[4 * i + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
