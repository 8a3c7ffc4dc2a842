/** Asks which class each colour of a map is that no table knows, and remembers the answers in this browser. */

import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @typedef {[color: string, share: number][]} Shares "#rrggbb" and the share of the pixels, largest first */
/** @typedef {Record<string, string>} Palette the class of each colour */

const KEY = "citygan-colors";
const MOST_KEPT = 512; // colours
const OTHERWISE = "unlabeled";

/**
 * The answers of an earlier time, if every colour has one.
 * @param {Shares} colors
 * @returns {Palette | null}
 */
export function rememberedPalette(colors) {
  const known = remembered();
  if (!colors.every(([color]) => color in known)) return null;
  return Object.fromEntries(colors.map(([color]) => [color, known[color]]));
}

/**
 * Shows the dialog.
 * @param {Shares} colors
 * @param {string[]} classes names
 * @param {string} picture where it is, or nothing
 * @returns {Promise<Palette | null>} null where the visitor leaves it
 */
export function askPalette(colors, classes, picture) {
  const known = remembered();
  const selects = colors.map(([color]) => {
    const select = el("select", "", ...classes.map((name) => new Option(name)));
    select.value = classes.includes(known[color]) ? known[color] : OTHERWISE;
    return select;
  });
  const rows = colors.map(([color, share], i) => colorRow(color, share, selects[i]));
  const read = textButton("Read the map", () => dialog.close("read"));
  const cancel = textButton("Cancel", () => dialog.close());
  const about = "No table that is known here has these colours. The largest area is first.";
  const dialog = el(
    "dialog",
    "cg-help cg-colors",
    el("h2", "", "Which class is each colour?"),
    el("p", "", about),
  );
  if (picture) dialog.append(Object.assign(el("img"), { src: picture, alt: "The map" }));
  dialog.append(el("ul", "", ...rows), el("div", "cg-bar", read, cancel));
  dialog.setAttribute("aria-label", "Which class is each colour?");
  const host = el("div", "cg-studio cg-hosts", dialog); // in sight whatever tab is
  document.body.append(host);
  dialog.showModal();
  selects[0]?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      host.remove();
      if (dialog.returnValue !== "read") return resolve(null);
      const palette = Object.fromEntries(colors.map(([color], i) => [color, selects[i].value]));
      remember({ ...known, ...palette });
      return resolve(palette);
    });
  });
}

/** @param {string} color @param {number} share @param {HTMLSelectElement} select */
function colorRow(color, share, select) {
  const swatch = el("span", "cg-color");
  swatch.style.background = color;
  const percent = share < 0.001 ? "less than 0.1 %" : `${(100 * share).toFixed(1)} %`;
  const label = el("label", "", swatch, el("span", "", color), el("span", "", percent), select);
  return el("li", "", label);
}

/**
 * Asks for the Upload tab, whose component Gradio mounts: what Python sends as `props.value` is
 * `{"colors": Shares, "again": whether the answers are to be changed}`, what it gets `{"palette": Palette}`.
 * @param {{value: any, classes: string[]}} props
 * @param {(event: string) => void} trigger
 * @param {(prop: string, callback: () => void) => void} watch
 */
export function mountColors(props, trigger, watch) {
  watch("value", async () => {
    const { colors, again } = props.value ?? {};
    if (!colors) return;
    const palette = (!again && rememberedPalette(colors)) || (await askPalette(colors, props.classes, ""));
    if (!palette) return;
    props.value = { palette };
    trigger("input");
  });
}

/** @returns {Palette} */
function remembered() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {}; // the browser keeps nothing for this page, or somebody else wrote there
  }
}

/** @param {Palette} palette */
function remember(palette) {
  try {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(Object.entries(palette).slice(-MOST_KEPT))));
  } catch {} // as above
}
