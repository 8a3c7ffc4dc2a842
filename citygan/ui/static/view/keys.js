/**
 * The keyboard, heard only while the focus is inside the studio, and the list of keys that the help shows.
 */

import { TOOLS, toolNames } from "./toolbox.js";

/** @import { MapState } from "../core/state.js" */
/** @import { Surface } from "./surface.js" */
/** @import { Toolbox, ToolName } from "./toolbox.js" */

/**
 * @typedef {"undo" | "redo" | "clear" | "mirror" | "fillUnlabeled" | "fit" | "zoomIn" | "zoomOut"
 *   | "help"} Action
 * @typedef {Record<Action, () => void>} Actions
 */

/**
 * Actions by key; with Ctrl or Cmd only undo and redo.
 * @type {Record<string, Action>}
 */
const ACTION_KEYS = {
  f: "fit",
  m: "mirror",
  u: "fillUnlabeled",
  "?": "help",
  "+": "zoomIn",
  "=": "zoomIn",
  "-": "zoomOut",
};

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What each tool is chosen by. @type {Map<string, ToolName>} */
const TOOL_KEYS = new Map(toolNames.map((name) => [TOOLS[name].key, name]));

/** [keys, what they do], in the order of the help. */
export const KEY_LIST = [
  ...Object.values(TOOLS).map(({ key, label, hint }) => [key.toUpperCase(), `${label}. ${hint}`]),
  ["[ ]", "Smaller or larger brush"],
  ["1 to 9, 0", "Road, sidewalk, building, vegetation, sky, car, person, pole, traffic sign, unlabeled"],
  ["Ctrl Z", "Undo; Ctrl Shift Z or Ctrl Y: redo"],
  ["Ctrl Enter", "Make the photo now"],
  ["U", "Fill what is unlabeled from its neighbours"],
  ["M", "Mirror the map"],
  ["Delete", "Clear the map, while the focus is on the canvas"],
  ["Wheel, + -", "Zoom; F fits the whole map"],
  ["Space", "Hold and drag to pan; the middle button does the same"],
  ["Arrows", "Move a cursor over the canvas, with Shift by ten pixels"],
  ["Enter", "Use the tool at that cursor; close a polygon"],
  ["Esc", "Drop what is in progress"],
  ["?", "This list"],
];

/**
 * @param {HTMLElement} root the studio
 * @param {{state: MapState, surface: Surface, tools: Toolbox, actions: Actions,
 *   pickDigit: (digit: string) => void, onCursor: (point: {x: number, y: number}) => void}} studio
 * @returns {{spaceHeld: () => boolean, panned: () => void, pointerMoved: () => void}}
 */
export function attachKeys(root, { state, surface, tools, actions, pickDigit, onCursor }) {
  const stage = surface.element;
  const cursor = { x: Math.floor(state.width / 2) + 0.5, y: Math.floor(state.height / 2) + 0.5 };
  let byKeyboard = false; // the cursor was moved by arrows since the pointer moved last
  let space = false;
  let panned = false;

  /** @param {KeyboardEvent} event */
  const point = (event) => ({ ...cursor, shift: event.shiftKey, alt: false, erase: false, size: tools.size });

  /** @param {KeyboardEvent} event */
  const showCursor = (event) => {
    byKeyboard = true;
    surface.reveal(cursor.x, cursor.y);
    if (tools.dragging) tools.move(point(event));
    else tools.hover(point(event));
    onCursor(cursor);
  };

  /** @param {KeyboardEvent} event */
  const moveCursor = (event) => {
    const [dx, dy] = ARROWS[event.key];
    const step = event.shiftKey ? 10 : Math.max(1, Math.round(2 / surface.scale));
    cursor.x = Math.min(state.width - 0.5, Math.max(0.5, cursor.x + dx * step));
    cursor.y = Math.min(state.height - 0.5, Math.max(0.5, cursor.y + dy * step));
    showCursor(event);
  };

  /** @param {KeyboardEvent} event */
  const press = (event) => {
    if (byKeyboard) tools.press(point(event));
    else showCursor(event);
  };

  /**
   * Keys that mean something on the canvas only.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether this was one
   */
  const onStage = (event) => {
    if (event.key in ARROWS) moveCursor(event);
    else if (event.key === "Enter") enter(event);
    else if (event.key === " ") holdSpace(event);
    else if (event.key === "Backspace") return tools.stepBack();
    else if (event.key === "Delete") actions.clear();
    else return false;
    return true;
  };

  /** @param {KeyboardEvent} event */
  const enter = (event) => {
    if (!tools.finish()) press(event);
  };

  /** @param {KeyboardEvent} event */
  const holdSpace = (event) => {
    if (event.repeat) return;
    space = true;
    panned = false;
    stage.classList.add("cg-grab");
  };

  /** @param {KeyboardEvent} event @param {string} key */
  const withCtrl = (event, key) => {
    if (key === "z") (event.shiftKey ? actions.redo : actions.undo)();
    else if (key === "y") actions.redo();
    else return false;
    return true;
  };

  /** @param {KeyboardEvent} event @param {string} key */
  const plain = (event, key) => {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    const tool = TOOL_KEYS.get(key);
    if (digit && !event.shiftKey) pickDigit(digit);
    else if (tool) tools.select(tool);
    else if (key === "escape") return tools.abort();
    else if (key in ACTION_KEYS) actions[ACTION_KEYS[key]]();
    else return false;
    return true;
  };

  /** @param {KeyboardEvent} event */
  const handle = (event) => {
    const key = event.key.toLowerCase();
    if (key === "[" || key === "]") {
      tools.stepSize(key === "]" ? 1 : -1); // before the test for Ctrl: AltGr types brackets on many layouts
      return true;
    }
    if (event.ctrlKey || event.metaKey) return withCtrl(event, key);
    if (event.altKey) return event.key === "Alt";
    return (event.target === stage && onStage(event)) || plain(event, key);
  };

  root.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.matches("input:not([type=range]):not([type=checkbox]), textarea, select");
    if (event.defaultPrevented || typing || target.closest("dialog, [popover]")) return;
    if (handle(event)) event.preventDefault();
  });
  root.addEventListener("keyup", (event) => {
    if (event.key !== " " || !space) return;
    space = false;
    stage.classList.remove("cg-grab");
    if (!panned && event.target === stage) press(event);
  });
  stage.addEventListener("blur", () => {
    space = false;
    stage.classList.remove("cg-grab");
  });

  return {
    spaceHeld: () => space,
    panned: () => {
      panned = true;
    },
    pointerMoved: () => {
      byKeyboard = false;
    },
  };
}
