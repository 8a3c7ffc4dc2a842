/** The palette: every class by category, with colour, key, share of the map, and a way to see it alone. */

import { icon } from "./icons.js";
import { el } from "../view/dom.js";

/** Digit keys go to the classes that a street is made of. */
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

const MAX_ROWS = 6; // of a category; more than that makes two columns
const CATEGORIES = ["flat", "nature", "sky", "construction", "object", "vehicle", "human", "void"];

/** Whether black is easier to read on a colour than white: both reach a contrast of 4.5 at this luminance. */
function isLight(color) {
  const [r, g, b] = color.map((c) => ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18;
}

/** Share of the map as text: whole percents, one decimal below ten. */
function percent(share) {
  if (share === 0) return "";
  if (share < 0.001) return "<0.1%";
  return share < 0.0995 ? `${(100 * share).toFixed(1)}%` : `${Math.round(100 * share)}%`;
}

/**
 * @param {object[]} classes as in `props.classes`
 * @param {{counts: Uint32Array, total: number, pick: (id: number) => void, solo: (id: number | null) => void,
 *   outline: (id: number | null) => void}} wiring
 * @returns {{element: HTMLElement, setClass: (id: number) => void, setShares: () => void}}
 */
export function buildPalette(classes, { counts, total, pick, solo, outline }) {
  const rows = new Map();
  let alone = null;

  const setSolo = (id) => {
    alone = alone === id ? null : id;
    for (const [each, row] of rows) row.eye.setAttribute("aria-pressed", String(each === alone));
    solo(alone);
  };

  const buildRow = (item) => {
    const digit = digitOf[item.name];
    const swatch = el("span", "cg-swatch", ...(digit ? [el("kbd", "", digit)] : []));
    swatch.style.background = `rgb(${item.color.join(" ")})`;
    swatch.classList.toggle("cg-light", isLight(item.color));
    const share = el("span", "cg-share");
    const name = el("span", "cg-name", item.name);
    const choose = el("button", "cg-class", swatch, name);
    if (!item.seen) {
      const mark = el("span", "cg-unseen", icon("unseen"));
      mark.append(el("span", "cg-hidden", "not in training"));
      choose.append(mark);
      choose.title = `${item.name}: not in training, drawn as ${item.substitute}`;
    }
    choose.append(share);
    if (digit) choose.setAttribute("aria-keyshortcuts", digit);
    choose.type = "button";
    choose.dataset.id = item.id;
    choose.tabIndex = -1;
    choose.addEventListener("click", () => pick(item.id));
    const eye = el("button", "cg-eye", icon("eye"));
    eye.type = "button";
    eye.tabIndex = -1;
    eye.title = `Show ${item.name} alone`;
    eye.setAttribute("aria-label", eye.title);
    eye.setAttribute("aria-pressed", "false");
    eye.addEventListener("click", () => setSolo(item.id));
    const row = el("div", "cg-row", choose, eye);
    row.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && outline(item.id));
    row.addEventListener("pointerleave", () => outline(null));
    row.addEventListener("focusin", () => choose.matches(":focus-visible") && outline(item.id));
    row.addEventListener("focusout", () => outline(null));
    rows.set(item.id, { choose, eye, share, shown: "" });
    return row;
  };

  const element = el("div", "cg-palette");
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", "Classes");
  for (const category of CATEGORIES) {
    const members = classes.filter((c) => c.category === category);
    if (!members.length) continue;
    const group = el("div", "cg-group", el("div", "cg-heading", category), ...members.map(buildRow));
    const columns = Math.ceil(members.length / MAX_ROWS);
    group.style.setProperty("--cg-columns", columns);
    group.style.setProperty("--cg-rows", 1 + Math.ceil(members.length / columns)); // and the heading
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", category);
    element.append(group);
  }
  element.addEventListener("keydown", (event) => walk(event, element));

  return {
    element,
    setClass: (id) => {
      for (const [each, { choose }] of rows) {
        choose.setAttribute("aria-pressed", String(each === id));
        choose.tabIndex = each === id ? 0 : -1;
      }
    },
    setShares: () => {
      for (const [id, row] of rows) {
        const text = percent(counts[id] / total);
        if (text !== row.shown) row.share.textContent = row.shown = text;
      }
    },
  };
}

/**
 * Arrow keys walk over the classes as they are seen: up and down along a column, right and left along a row, where the
 * eyes are, too. On a narrow page all classes are one row.
 */
function walk(event, element) {
  const from = event.target.closest("button");
  if (!from) return;
  const vertical = event.key === "ArrowDown" || event.key === "ArrowUp";
  const eye = from.classList.contains("cg-eye");
  const shown = [...element.querySelectorAll("button")].filter((node) => node.checkVisibility());
  const places = new Map(shown.map((node) => [node, node.getBoundingClientRect()]));
  const alike = (node) => node.classList.contains("cg-eye") === eye;
  const group = vertical ? shown.filter(alike) : shown;
  const [first, then] = vertical ? ["left", "top"] : ["top", "left"];
  const between = (a, b, edge) => Math.round(places.get(a)[edge] - places.get(b)[edge]);
  group.sort((a, b) => between(a, b, first) || between(a, b, then));
  const at = group.indexOf(from);
  const to = {
    ArrowDown: () => group[(at + 1) % group.length],
    ArrowRight: () => group[(at + 1) % group.length],
    ArrowUp: () => group.at(at - 1),
    ArrowLeft: () => group.at(at - 1),
    Home: () => group[0],
    End: () => group.at(-1),
  }[event.key];
  if (!to) return;
  event.preventDefault();
  event.stopPropagation();
  to().focus();
}
