/**
 * The palette: every class with its colour, key, share of the map, and a way to see it alone. Classes that the
 * checkpoint knows come first, the others behind a button.
 */

import { cssColor } from "../core/colors.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { icon } from "./icons.js";

/** @import { LabelClass } from "../types.js" */

/**
 * Digit keys go to the classes that a street is made of.
 * @type {Record<string, string>}
 */
export const DIGITS = {
  1: "road",
  2: "sidewalk",
  3: "building",
  4: "vegetation",
  5: "sky",
  6: "car",
  7: "person",
  8: "pole",
  9: "traffic sign",
  0: "unlabeled",
};
const digitOf = Object.fromEntries(Object.entries(DIGITS).map(([digit, name]) => [name, digit]));

const CATEGORIES = ["flat", "nature", "sky", "construction", "object", "vehicle", "human", "void"];

/**
 * Whether black is easier to read on a colour than white: both reach a contrast of 4.5 at this luminance.
 * @param {number[]} color
 */
function isLight(color) {
  const [r, g, b] = color.map((c) => ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18;
}

/** Share of the map as text: whole percents, one decimal below ten. @param {number} share */
function percent(share) {
  if (share === 0) return "";
  if (share < 0.001) return "<0.1%";
  return share < 0.0995 ? `${(100 * share).toFixed(1)}%` : `${Math.round(100 * share)}%`;
}

/**
 * What may be done with a class: take it in hand, show it alone, outline it; null ends the latter two.
 * @typedef {object} Wiring
 * @property {(id: number) => void} pick
 * @property {(id: number | null) => void} solo
 * @property {(id: number | null) => void} outline
 */

/**
 * @param {LabelClass[]} classes
 * @param {{counts: Uint32Array, total: () => number} & Wiring} wiring and the pixels of each id, of so many
 */
export function buildPalette(classes, { counts, total, pick, solo, outline }) {
  /** @type {number | null} */
  let alone = null;
  /** @param {number} id */
  const toggleSolo = (id) => {
    alone = alone === id ? null : id;
    for (const row of rows) row.eye.setAttribute("aria-pressed", String(row.id === alone));
    solo(alone);
  };
  const rows = classes.map((item) => buildRow(item, { pick, solo: () => toggleSolo(item.id), outline }));

  const ordered = CATEGORIES.flatMap((category) => rows.filter((row) => row.category === category));
  const known = ordered.filter(({ seen }) => seen);
  const others = buildOthers(ordered.filter(({ seen }) => !seen));
  const element = el("div", "cg-palette", ...known.map((row) => row.element), ...others.elements);
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", "Classes");
  element.addEventListener("keydown", (event) => walk(event, element));

  return {
    element,
    /** @param {number} id of the class in hand */
    setClass: (id) => {
      for (const row of rows) {
        row.choose.setAttribute("aria-pressed", String(row.id === id));
        row.choose.tabIndex = row.id === id ? 0 : -1;
      }
      if (!known.some((row) => row.id === id)) others.open();
    },
    setShares: () => {
      for (const { id, share } of rows) {
        const text = percent(counts[id] / total());
        if (share.textContent !== text) share.textContent = text;
      }
    },
  };
}

/**
 * A class: what chooses it, and the eye that shows it alone.
 * @param {LabelClass} item
 * @param {Wiring} wiring
 */
function buildRow({ id, name, category, color, seen, substitute }, { pick, solo, outline }) {
  const digit = digitOf[name];
  const swatch = el("span", "cg-swatch", ...(digit ? [el("kbd", "", digit)] : []));
  swatch.style.backgroundColor = cssColor(color);
  swatch.classList.toggle("cg-light", isLight(color));
  const share = el("span", "cg-share");
  const choose = el("button", "cg-class", swatch, el("span", "cg-name", name));
  if (!seen) {
    choose.append(el("span", "cg-unseen", icon("unseen"), el("span", "cg-hidden", "not in training")));
    choose.title = `${name}: not in training, drawn as ${substitute}`;
  }
  choose.append(share);
  if (digit) choose.setAttribute("aria-keyshortcuts", digit);
  choose.type = "button";
  choose.dataset.id = String(id);
  choose.tabIndex = -1;
  choose.addEventListener("click", () => pick(id));
  const eye = el("button", "cg-eye", icon("eye"));
  eye.type = "button";
  eye.tabIndex = -1;
  eye.title = `Show ${name} alone`;
  eye.setAttribute("aria-label", eye.title);
  eye.setAttribute("aria-pressed", "false");
  eye.addEventListener("click", () => solo(id));
  const element = el("div", "cg-row", choose, eye);
  element.dataset.category = category;
  element.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && outline(id));
  element.addEventListener("pointerleave", () => outline(null));
  element.addEventListener("focusin", () => choose.matches(":focus-visible") && outline(id));
  element.addEventListener("focusout", () => outline(null));
  return { id, category, seen, element, choose, eye, share };
}

/**
 * The classes that the checkpoint never saw, and the button that shows and hides them.
 * @param {{element: HTMLElement}[]} rows
 */
function buildOthers(rows) {
  const group = el("div", "cg-others", ...rows.map((row) => row.element));
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Not in training");
  /** @param {boolean} open */
  const show = (open) => {
    group.hidden = !open;
    toggle.setAttribute("aria-expanded", String(open));
    toggle.textContent = open ? "Fewer classes" : "More classes";
    const hidesTheOneInHand = !open && group.querySelector('.cg-class[aria-pressed="true"]');
    toggle.tabIndex = hidesTheOneInHand ? 0 : -1; // else arrows lead to it
  };
  const toggle = textButton("", () => show(Boolean(group.hidden)), { className: "cg-more-classes" });
  show(false);
  return { elements: rows.length ? [group, toggle] : [], open: () => show(true) };
}

/**
 * Arrow keys walk over the classes as they are seen: up and down along a column, right and left along a row,
 * where the eyes are, too, and at the end the button for more. On a narrow page all classes are one row.
 * @param {KeyboardEvent} event
 * @param {HTMLElement} element the palette
 */
function walk(event, element) {
  const from = /** @type {HTMLElement} */ (event.target).closest("button");
  const step = STEPS[event.key];
  if (!from || !step) return;
  const vertical = event.key === "ArrowDown" || event.key === "ArrowUp";
  /** @param {HTMLElement} node */
  const isEye = (node) => node.classList.contains("cg-eye");
  const places = [...element.querySelectorAll("button")]
    .filter((node) => node.checkVisibility() && (!vertical || isEye(node) === isEye(from)))
    .map((node) => ({ node, box: node.getBoundingClientRect() }));
  places.sort((a, b) => {
    const across = Math.round(a.box.left - b.box.left);
    const down = Math.round(a.box.top - b.box.top);
    return vertical ? across || down : down || across;
  });
  const at = places.findIndex(({ node }) => node === from);
  event.preventDefault();
  event.stopPropagation();
  places[step(at, places.length)].node.focus();
}

/**
 * Where a key goes from place `at` of `count`.
 * @type {Record<string, (at: number, count: number) => number>}
 */
const STEPS = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at + count - 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};
