/** The toolbar: the tools of every day in one row, shapes, stamps and rare actions in menus, and the help. */

import { menuBelow, textButton } from "../view/controls.js";
import { icon } from "./icons.js";
import { KEY_LIST } from "../view/keys.js";
import { el } from "../view/dom.js";
import { MAX_SIZE, MIN_SIZE, TOOLS } from "../view/tools.js";

const EVERY_DAY = ["brush", "eraser", "bucket", "eyedropper"];
const SHAPES = ["polygon", "line", "rectangle"];
const MORE = [
  // icon, text, action, key
  ["spread", "Fill unlabeled from neighbours", "fillUnlabeled", "U"],
  ["mirror", "Mirror", "mirror", "M"],
  ["clear", "Clear", "clear", "Delete"],
  ["fit", "Fit the whole map", "fit", "F"],
  ["help", "Keys and help", "help", "?"],
];

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

/** A button with an icon that opens a menu. */
function menuButton(name, label, content) {
  const opener = button(name, label, () => {});
  opener.append(icon("down"));
  menuBelow(opener, content);
  return opener;
}

/** The dialog that says what this is and lists the keys. @returns {HTMLDialogElement} */
function helpDialog() {
  const list = el("dl", "cg-keys");
  for (const [keys, meaning] of KEY_LIST)
    list.append(el("dt", "", el("kbd", "", keys)), el("dd", "", meaning));
  const close = textButton("Close", () => dialog.close());
  const dialog = el(
    "dialog",
    "cg-help",
    el("header", "", el("h2", "", "How to paint a street"), close),
    el(
      "p",
      "",
      "Each colour stands for a class of thing: road, sky, car and so on. Pick one, paint where it should be," +
        " and a neural network draws the photo of such a street. Begin with one of the Streets, or clear the map.",
    ),
    el("h3", "", "Keys"),
    el("p", "", "They work while the focus is on the canvas, the tools or the classes."),
    list,
  );
  dialog.setAttribute("aria-label", "Keys and help");
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

/** A small picture of a stamp in its class colours. @returns {SVGElement} */
function stampPicture(stamp, colorOf) {
  const points = stamp.parts.flatMap((part) => part.points);
  const reach = Math.max(0.5, ...points.map(([x]) => Math.abs(x)));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `${-reach} 0 ${2 * reach} 1`);
  svg.setAttribute("class", "cg-stamp");
  svg.setAttribute("aria-hidden", "true");
  for (const part of stamp.parts) {
    const shape = document.createElementNS(svg.namespaceURI, "polygon");
    shape.setAttribute("points", part.points.join(" "));
    shape.setAttribute("fill", `rgb(${colorOf(part.id).join(" ")})`);
    svg.append(shape);
  }
  return svg;
}

/** A menu of things to paint with. @returns {{content: HTMLElement, choose: (act: () => void) => () => void}} */
function choices(className) {
  const content = el("div", className);
  const choose = (act) => () => {
    content.hidePopover();
    act();
  };
  return { content, choose };
}

function shapesMenu(tools) {
  const { content, choose } = choices("cg-shapes");
  const buttons = {};
  for (const name of SHAPES) {
    const { label, key, hint } = TOOLS[name];
    const style = { className: "cg-menu-item", text: label, key: key.toUpperCase() };
    buttons[name] = button(
      name,
      hint,
      choose(() => tools.select(name)),
      style,
    );
  }
  content.append(...Object.values(buttons));
  return { content, buttons };
}

function stampsMenu(tools, stamps, colorOf) {
  const { content, choose } = choices("cg-shelf");
  const buttons = {};
  for (const stamp of stamps) {
    const node = el("button", "cg-stamp-button", stampPicture(stamp, colorOf), el("span", "", stamp.name));
    node.type = "button";
    node.addEventListener(
      "click",
      choose(() => tools.setStamp(stamp)),
    );
    buttons[stamp.name] = node;
  }
  content.append(...Object.values(buttons));
  return { content, buttons };
}

function moreMenu(actions) {
  const content = el("div", "cg-more");
  for (const [name, text, action, key] of MORE) {
    const run = () => {
      content.hidePopover();
      actions[action]();
    };
    content.append(button(name, text, run, { className: "cg-menu-item", text, key }));
  }
  return content;
}

/**
 * @param {import("../view/tools.js").Toolbox} tools
 * @param {Record<string, () => void>} actions
 * @param {{stamps: object[], colorOf: (id: number) => number[]}} look
 * @returns {{element: HTMLElement, files: HTMLElement, update: (state: object) => void, showHelp: () => void}} `files`
 *   is the end of the row, for the buttons that begin and keep a map
 */
export function buildToolbar(tools, actions, { stamps, colorOf }) {
  const everyDay = {};
  for (const name of EVERY_DAY) {
    const { label, key, hint } = TOOLS[name];
    everyDay[name] = button(name, label, () => tools.select(name), { key: key.toUpperCase() });
    everyDay[name].title += `. ${hint}`;
  }
  const shapes = shapesMenu(tools);
  const shelf = stampsMenu(tools, stamps, colorOf);
  const more = moreMenu(actions);
  const shapesOpener = menuButton("shapes", "Shapes", shapes.content);
  const stampsOpener = menuButton("stamp", "Stamps", shelf.content);
  const moreOpener = menuButton("more", "More", more);
  const className = "cg-button cg-travel";
  const undo = button("undo", "Undo", actions.undo, { className, key: "Ctrl+Z" });
  const redo = button("redo", "Redo", actions.redo, { className, key: "Ctrl+Shift+Z" });
  const helpButton = button("help", "Keys and help", actions.help, {
    className: "cg-button cg-help-button",
    key: "?",
  });
  const size = sizeSlider(tools);
  const help = helpDialog();
  const files = el("div", "cg-files");
  const rule = () => el("span", "cg-rule");
  const element = el(
    "div",
    "cg-toolbar",
    ...Object.values(everyDay),
    shapesOpener,
    stampsOpener,
    rule(),
    size.element,
    rule(),
    undo,
    redo,
    moreOpener,
    helpButton,
    files,
    shapes.content,
    shelf.content,
    more,
    help,
  );
  element.setAttribute("role", "toolbar");
  element.setAttribute("aria-label", "Paint tools");

  const press = (buttons, current) => {
    for (const [name, node] of Object.entries(buttons))
      node.setAttribute("aria-pressed", String(name === current));
  };
  const update = (state) => {
    const { tool, stamp } = tools;
    const isShape = tool in shapes.buttons;
    const isStamp = tool === "stamp";
    press(everyDay, tool);
    press(shapes.buttons, tool);
    press(shelf.buttons, isStamp ? stamp.name : "");
    shapesOpener.classList.toggle("cg-on", isShape);
    shapesOpener.querySelector(".cg-icon").replaceWith(icon(isShape ? tool : "shapes"));
    shapesOpener.setAttribute("aria-label", isShape ? `Shapes: ${TOOLS[tool].label}` : "Shapes");
    stampsOpener.classList.toggle("cg-on", isStamp);
    stampsOpener.setAttribute("aria-label", isStamp ? `Stamps: ${stamp.name}` : "Stamps");
    undo.disabled = !state.canUndo;
    redo.disabled = !state.canRedo;
    size.update();
  };
  return { element, files, update, showHelp: () => help.showModal() };
}
