/** The toolbar: the tools of every day in one row, the rare ones and the actions in two menus, and the help. */

import { icon } from "./icons.js";
import { KEY_LIST } from "./keys.js";
import { stampPicture } from "./stamps.js";
import { el } from "./surface.js";
import { MAX_SIZE, MIN_SIZE, TOOLS } from "./tools.js";

const EVERY_DAY = ["brush", "eraser", "bucket", "eyedropper"];
const RARE = ["polygon", "line", "rectangle"];

/** A button with an icon. @returns {HTMLButtonElement} */
export function button(name, label, run, { className = "cg-button", text = "", key = "" } = {}) {
  const node = el("button", className, icon(name));
  node.type = "button";
  if (text) node.append(el("span", "", text));
  else node.setAttribute("aria-label", label);
  if (key) node.setAttribute("aria-keyshortcuts", key);
  if (key && text) node.append(el("kbd", "", key));
  node.title = key ? `${label} (${key})` : label;
  node.addEventListener("click", run);
  return node;
}

/** A button that opens a menu below it. */
function menuButton(name, label, content) {
  const opener = button(name, label, () => {});
  opener.append(icon("down"));
  content.popover = "auto";
  content.classList.add("cg-menu");
  opener.popoverTargetElement = content;
  opener.setAttribute("aria-haspopup", "true");
  content.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    const box = opener.getBoundingClientRect();
    const left = Math.min(box.left, window.innerWidth - content.offsetWidth - 8);
    content.style.left = `${Math.max(8, left)}px`;
    content.style.top = `${Math.min(box.bottom + 6, window.innerHeight - content.offsetHeight - 8)}px`;
    content.querySelector("button:not(:disabled)")?.focus();
  });
  content.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...content.querySelectorAll("button:not(:disabled)")];
    all.at((all.indexOf(document.activeElement) + step) % all.length).focus();
  });
  return opener;
}

/** The dialog that lists the keys. @returns {HTMLDialogElement} */
function helpDialog() {
  const list = el("dl", "cg-keys");
  for (const [keys, meaning] of KEY_LIST) list.append(el("dt", "", el("kbd", "", keys)), el("dd", "", meaning));
  const close = el("button", "cg-text-button", "Close");
  close.type = "button";
  const title = el("h2", "", "Keys");
  const note = el("p", "", "They work while the focus is on the canvas, the tools or the classes.");
  const dialog = el("dialog", "cg-help", el("header", "", title, close), note, list);
  dialog.setAttribute("aria-label", "Keys");
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}

function sizeSlider(tools) {
  const slider = el("input");
  slider.type = "range";
  slider.min = MIN_SIZE;
  slider.max = MAX_SIZE;
  slider.setAttribute("aria-label", "Brush size in pixels");
  slider.addEventListener("input", () => tools.setSize(Number(slider.value)));
  const shown = el("output", "cg-size-value");
  const element = el("label", "cg-size", slider, shown);
  element.title = "Brush size ([ and ])";
  const update = () => {
    slider.value = tools.size;
    shown.textContent = `${tools.size} px`;
  };
  return { element, update };
}

function shapesMenu(tools, stamps, colorOf) {
  const content = el("div", "cg-shapes");
  const buttons = {};
  const choose = (act) => () => {
    content.hidePopover();
    act();
  };
  for (const name of RARE) {
    const { label, key, hint } = TOOLS[name];
    const style = { className: "cg-menu-item", text: label, key: key.toUpperCase() };
    buttons[name] = button(name, hint, choose(() => tools.select(name)), style);
  }
  const shelf = el("div", "cg-shelf");
  for (const stamp of stamps) {
    const node = el("button", "cg-stamp-button", stampPicture(stamp, colorOf), el("span", "", stamp.name));
    node.type = "button";
    node.addEventListener("click", choose(() => tools.setStamp(stamp)));
    buttons[`stamp ${stamp.name}`] = node;
    shelf.append(node);
  }
  const heading = el("div", "cg-heading", "Stamps", el("kbd", "", TOOLS.stamp.key.toUpperCase()));
  content.append(...RARE.map((name) => buttons[name]), heading, shelf);
  return { content, buttons };
}

/**
 * @param {import("./tools.js").Toolbox} tools
 * @param {Record<string, () => void>} actions
 * @param {{stamps: object[], colorOf: (id: number) => number[]}} look
 * @returns {{element: HTMLElement, menu: HTMLElement, update: (state: object) => void, showHelp: () => void}}
 */
export function buildToolbar(tools, actions, { stamps, colorOf }) {
  const everyDay = {};
  for (const name of EVERY_DAY) {
    const { label, key, hint } = TOOLS[name];
    everyDay[name] = button(name, label, () => tools.select(name), { key: key.toUpperCase() });
    everyDay[name].title += `. ${hint}`;
  }
  const shapes = shapesMenu(tools, stamps, colorOf);
  const shapesOpener = menuButton("shapes", "Shapes and stamps", shapes.content);
  const className = "cg-button cg-travel";
  const undo = button("undo", "Undo", actions.undo, { className, key: "Ctrl+Z" });
  const redo = button("redo", "Redo", actions.redo, { className, key: "Ctrl+Shift+Z" });

  const menu = el("div", "cg-menu-slot");
  const more = el("div", "cg-more");
  const item = (name, text, action, key) =>
    button(name, text, () => {
      more.hidePopover();
      actions[action]();
    }, { className: "cg-menu-item", text, key });
  more.append(
    item("spread", "Fill unlabeled from neighbours", "fillUnlabeled", "U"),
    item("mirror", "Mirror", "mirror", "M"),
    item("clear", "Clear", "clear", "Delete"),
    item("fit", "Fit the whole map", "fit", "F"),
    item("help", "Keys and help", "help", "?"),
    menu,
  );
  const moreOpener = menuButton("more", "More", more);
  const size = sizeSlider(tools);
  const help = helpDialog();
  const helpButton = button("help", "Keys and help", actions.help, { key: "?" });
  helpButton.classList.add("cg-help-button");
  const rule = () => el("span", "cg-rule");
  const element = el("div", "cg-toolbar",
    ...Object.values(everyDay), shapesOpener, rule(), size.element, rule(), undo, redo, moreOpener, helpButton,
    shapes.content, more, help);
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", "Paint tools");

  const update = (state) => {
    for (const [name, node] of Object.entries(everyDay)) node.setAttribute("aria-pressed", String(name === tools.tool));
    const rare = tools.tool === "stamp" ? `stamp ${tools.stamp.name}` : tools.tool;
    for (const [name, node] of Object.entries(shapes.buttons)) node.setAttribute("aria-pressed", String(name === rare));
    const isRare = rare in shapes.buttons;
    shapesOpener.classList.toggle("cg-on", isRare);
    shapesOpener.querySelector(".cg-icon").replaceWith(icon(isRare ? tools.tool : "shapes"));
    const current = isRare ? `: ${tools.tool === "stamp" ? tools.stamp.name : TOOLS[tools.tool].label}` : "";
    shapesOpener.setAttribute("aria-label", `Shapes and stamps${current}`);
    undo.disabled = !state.canUndo;
    redo.disabled = !state.canRedo;
    size.update();
  };
  return { element, menu, update, showHelp: () => help.showModal() };
}
