/** The toolbar: the tools of every day in one row, shapes, stamps, rare actions and what has no room in menus. */

import { cssColor } from "../core/colors.js";
import { menuBelow } from "../view/controls.js";
import { el, svg } from "../view/dom.js";
import { folding, foldToFit } from "../view/fold.js";
import { rove } from "../view/roving.js";
import { MAX_SIZE, MIN_SIZE, TOOLS } from "../view/toolbox.js";
import { helpDialog } from "./help.js";
import { button, icon } from "./icons.js";

/** @import { MapState } from "../core/state.js" */
/** @import { Stamp } from "../core/stamps.js" */
/** @import { Action, Actions } from "../view/keys.js" */
/** @import { Toolbox, ToolName } from "../view/toolbox.js" */
/** @import { IconName } from "./icons.js" */

/** Stamps, and what the model draws them as where that is something else. @typedef {{stamp: Stamp, drawnAs: string | null}[]} Shelf */

/** @type {(ToolName & IconName)[]} */
const EVERY_DAY = ["brush", "eraser", "bucket", "eyedropper", "again"];
/** @type {(ToolName & IconName)[]} */
const SHAPES = ["polygon", "line", "rectangle"];
/** @type {[IconName, string, Action, string][]} icon, text, action, key */
const MORE = [
  ["spread", "Fill unlabeled from neighbours", "fillUnlabeled", "U"],
  ["mirror", "Mirror", "mirror", "M"],
  ["clear", "Clear", "clear", "Delete"],
  ["fit", "Fit the whole map", "fit", "F"],
  ["help", "Keys and help", "help", "?"],
];

/**
 * @param {Toolbox} tools
 * @param {Actions} actions
 * @param {{shelf: Shelf, colorOf: (id: number) => number[]}} look
 * @returns {{element: HTMLElement, files: HTMLElement, update: (state: MapState) => void,
 *   showHelp: () => void}} `files` is the end of the row, for the buttons that begin and keep a map
 */
export function buildToolbar(tools, actions, { shelf: stamps, colorOf }) {
  const everyDay = EVERY_DAY.map((tool) => {
    const { label, key, hint } = TOOLS[tool];
    const node = button(tool, label, () => tools.select(tool), { key: key.toUpperCase() });
    node.title += `. ${hint}`;
    return { name: tool, node };
  });
  const shapes = shapesMenu(tools);
  const shelf = stampsMenu(tools, stamps, colorOf);
  const more = moreMenu(tools, actions);
  const className = "cg-button cg-travel";
  const undo = button("undo", "Undo", actions.undo, { className, key: "Ctrl+Z" });
  const redo = button("redo", "Redo", actions.redo, { className, key: "Ctrl+Shift+Z" });
  const helpLook = { className: "cg-button cg-help-button", key: "?" };
  const helpButton = button("help", "Keys and help", actions.help, helpLook);
  const size = sizeSlider(tools);
  const help = helpDialog();
  const files = el("div", "cg-files");
  const sizes = folding(size.element, menuButton("size", "Brush size", size.element));
  const file = folding(files, menuButton("file", "File", files));
  const rule = () => el("span", "cg-rule");
  const choice = [...everyDay.map(({ node }) => node), shapes.opener, shelf.opener];
  const middle = [rule(), sizes.opener, size.element, rule()];
  const rest = [undo, redo, more.opener, helpButton, file.opener, files];
  const menus = [shapes.content, shelf.content, more.content, help];
  const element = el("div", "cg-toolbar", ...choice, ...middle, ...rest, ...menus);
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", "Paint tools");
  rove(element);
  /** @param {string} name */
  const look = (name) => (/** @type {boolean} */ on) => void element.classList.toggle(name, on);
  foldToFit(element, [file.fold, look("cg-tight"), sizes.fold, look("cg-narrow")], files);

  /** @param {MapState} state */
  const update = (state) => {
    press(everyDay, tools.tool);
    shapes.update();
    shelf.update();
    enable(undo, state.canUndo, tools.surface.element);
    enable(redo, state.canRedo, tools.surface.element);
    size.update();
  };
  return { element, files, update, showHelp: () => help.showModal() };
}

/**
 * Shows which of several things is in hand.
 * @param {{name: string, node: Element}[]} all
 * @param {string} current
 */
function press(all, current) {
  for (const { name, node } of all) node.setAttribute("aria-pressed", String(name === current));
}

/**
 * Enables a button or disables it; the focus, which would be lost with a disabled one, goes elsewhere.
 * @param {HTMLButtonElement} node
 * @param {boolean} can
 * @param {HTMLElement} elsewhere
 */
function enable(node, can, elsewhere) {
  if (!can && node === document.activeElement) elsewhere.focus({ preventScroll: true });
  node.disabled = !can;
}

/**
 * A button with an icon that opens a menu.
 * @param {IconName} name
 * @param {string} label
 * @param {HTMLElement} content
 */
function menuButton(name, label, content) {
  const opener = button(name, label, () => {});
  opener.append(icon("down"));
  menuBelow(opener, content);
  return opener;
}

/** @param {Toolbox} tools */
function sizeSlider(tools) {
  const slider = el("input");
  Object.assign(slider, { type: "range", min: MIN_SIZE, max: MAX_SIZE });
  slider.setAttribute("aria-label", "Brush size in pixels");
  slider.addEventListener("input", () => tools.setSize(Number(slider.value)));
  const shown = el("output", "cg-size-value");
  const element = el("label", "cg-size", slider, shown);
  element.title = "Brush size ([ and ])";
  const update = () => {
    slider.value = String(tools.size);
    shown.textContent = `${tools.size} px`;
  };
  return { element, update };
}

/** @param {Toolbox} tools */
function shapesMenu(tools) {
  const content = el("div", "cg-shapes");
  const items = SHAPES.map((name) => {
    const { label, key, hint } = TOOLS[name];
    const choose = () => {
      content.hidePopover();
      tools.select(name);
    };
    const look = { className: "cg-menu-item", text: label, key: key.toUpperCase() };
    return { name, node: button(name, hint, choose, look) };
  });
  content.append(...items.map(({ node }) => node));
  const opener = menuButton("shapes", "Shapes", content);
  const update = () => {
    const shape = SHAPES.find((name) => name === tools.tool);
    press(items, tools.tool);
    opener.classList.toggle("cg-on", shape !== undefined);
    opener.firstElementChild?.replaceWith(icon(shape ?? "shapes"));
    opener.setAttribute("aria-label", shape ? `Shapes: ${TOOLS[shape].label}` : "Shapes");
  };
  return { content, opener, update };
}

/** @param {Toolbox} tools @param {Shelf} stamps @param {(id: number) => number[]} colorOf */
function stampsMenu(tools, stamps, colorOf) {
  const content = el("div", "cg-shelf");
  const items = stamps.map(({ stamp, drawnAs }) => {
    const words = drawnAs ? [el("span", "cg-drawn-as", `drawn as ${drawnAs}`)] : [];
    const name = el("span", "", stamp.name, ...words);
    const node = el("button", "cg-stamp-button", stampPicture(stamp, colorOf), name);
    node.type = "button";
    node.addEventListener("click", () => {
      content.hidePopover();
      tools.setStamp(stamp);
    });
    return { name: stamp.name, node };
  });
  content.append(...items.map(({ node }) => node));
  const opener = menuButton("stamp", "Stamps", content);
  const update = () => {
    const on = tools.tool === "stamp";
    press(items, on ? tools.stamp.name : "");
    opener.classList.toggle("cg-on", on);
    opener.setAttribute("aria-label", on ? `Stamps: ${tools.stamp.name}` : "Stamps");
  };
  return { content, opener, update };
}

/**
 * A small picture of a stamp in its class colours.
 * @param {Stamp} stamp
 * @param {(id: number) => number[]} colorOf
 */
function stampPicture({ parts }, colorOf) {
  const reach = Math.max(0.5, ...parts.flatMap(({ points }) => points.map(([x]) => Math.abs(x))));
  const shapes = parts.map(({ id, points }) =>
    svg("polygon", { points: points.join(" "), fill: cssColor(colorOf(id)) }),
  );
  const look = { viewBox: `${-reach} 0 ${2 * reach} 1`, class: "cg-stamp", "aria-hidden": "true" };
  return svg("svg", look, ...shapes);
}

/** @param {Toolbox} tools @param {Actions} actions */
function moreMenu(tools, actions) {
  const content = el("div", "cg-more");
  /** @param {IconName} name @param {string} text @param {() => void} act @param {string} key @param {string} [only] */
  const add = (name, text, act, key, only = "") => {
    const run = () => {
      content.hidePopover();
      act();
    };
    content.append(button(name, text, run, { className: `cg-menu-item ${only}`, text, key }));
  };
  for (const tool of /** @type {const} */ (["bucket", "eyedropper", "again"])) {
    const { label, key } = TOOLS[tool];
    add(tool, label, () => tools.select(tool), key.toUpperCase(), "cg-if-narrow");
  }
  add("redo", "Redo", actions.redo, "Ctrl+Shift+Z", "cg-if-narrow");
  for (const [name, text, action, key] of MORE) add(name, text, actions[action], key);
  return { content, opener: menuButton("more", "More", content) };
}
