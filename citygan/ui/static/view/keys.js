/**
 * The keyboard, heard on the whole page while the studio is on it, but not in fields; and the list of keys that the
 * help shows.
 */

import { TOOLS, toolNames } from "./toolbox.js";

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
  ["[ ]", "Smaller or larger brush, or stamped thing that is picked"],
  ["1 to 9, 0", "Road, sidewalk, building, vegetation, sky, car, person, pole, traffic sign, unlabeled"],
  ["Ctrl Z", "Undo; Ctrl Shift Z or Ctrl Y: redo"],
  ["Ctrl Enter", "Make the photo now"],
  ["U", "Fill what is unlabeled from its neighbours"],
  ["M", "Mirror the map"],
  ["Delete", "Clear the map, while the focus is on the canvas"],
  ["Ctrl wheel, + -", "Zoom, as two fingers do; F fits the whole map"],
  ["Space", "Hold and drag to pan; the middle button does the same"],
  ["Arrows", "Move a cursor over the canvas, with Shift by ten pixels"],
  [
    "Enter",
    "Use the tool at that cursor; a polygon gets a corner, and closes at its first one or by Enter twice",
  ],
  ["Esc", "Drop what is in progress"],
  ["?", "This list"],
];

/** @typedef {{x: number, y: number}} Cursor */

/**
 * What keys ask for and tell outside of the tools.
 * @typedef {{pickDigit: (digit: string) => void, onCursor: (point: Cursor) => void}} Outside
 */

export class Keys {
  #tools;
  #actions;
  #outside;
  #root;
  #stage;
  /** @type {Cursor} where the keyboard paints */
  #cursor;
  #byKeyboard = false; // the cursor was moved by arrows since the pointer moved last
  #space = false;
  #panned = false;

  /**
   * @param {HTMLElement} root the studio
   * @param {Toolbox} tools
   * @param {Actions} actions
   * @param {Outside} outside
   */
  constructor(root, tools, actions, outside) {
    this.#tools = tools;
    this.#actions = actions;
    this.#outside = outside;
    this.#root = root;
    this.#stage = tools.surface.element;
    this.#cursor = middleOf(tools.state);
    tools.state.subscribe(({ reshaped }) => {
      if (reshaped) this.#cursor = middleOf(tools.state);
    });
    document.addEventListener("keydown", (event) => {
      if (this.#isForUs(event) && this.#handle(event)) event.preventDefault();
    });
    document.addEventListener("keyup", (event) => {
      if (event.key !== " " || !this.#space) return;
      this.#dropSpace();
      if (!this.#panned && event.target === this.#stage) this.#press(event);
    });
    window.addEventListener("blur", () => this.#dropSpace());
  }

  /**
   * Whether a key is meant for the studio: it is in sight, and nobody is typing, in a dialog or in a menu.
   * @param {KeyboardEvent} event
   */
  #isForUs(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const field =
      "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
    const elsewhere = target.closest(`${field}, dialog, [role=dialog], [popover]`);
    return !event.defaultPrevented && !elsewhere && this.#root.checkVisibility();
  }

  get spaceHeld() {
    return this.#space;
  }

  /** While Space was held the pointer took hold of the view, so that it is no press. */
  panned() {
    this.#panned = true;
  }

  /** The pointer moved, so that the cursor is no longer where people look. */
  pointerMoved() {
    this.#byKeyboard = false;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key meant something */
  #handle(event) {
    const key = event.key.toLowerCase();
    if (key === "[" || key === "]") {
      const direction = key === "]" ? 1 : -1;
      if (this.#tools.stamper.picked) this.#tools.stamper.scale(direction);
      else this.#tools.stepSize(direction); // before the test for Ctrl: AltGr types brackets
      return true;
    }
    if (event.ctrlKey || event.metaKey) return this.#withCtrl(event, key);
    if (event.altKey) return event.key === "Alt";
    if (key === " ") return this.#holdSpace(event);
    if (this.#onPicked(key)) return true;
    return (event.target === this.#stage && this.#onStage(event)) || this.#plain(event, key);
  }

  /** @param {KeyboardEvent} event @param {string} key */
  #withCtrl(event, key) {
    if (key === "z") this.#actions[event.shiftKey ? "redo" : "undo"]();
    else if (key === "y") this.#actions.redo();
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event @param {string} key */
  #plain(event, key) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
    const tool = TOOL_KEYS.get(key);
    if (digit && !event.shiftKey) this.#outside.pickDigit(digit);
    else if (tool) this.#tools.select(tool);
    else if (key === "escape") return this.#tools.abort();
    else if (key in ACTION_KEYS) this.#actions[ACTION_KEYS[key]]();
    else return false;
    return true;
  }

  /** Keys for the stamped thing that is picked. @param {string} key */
  #onPicked(key) {
    const { stamper } = this.#tools;
    if (!stamper.picked) return false;
    if (stamper.holds) return key === "delete" || key === "backspace"; // or they would clear the map
    if (key === "delete" || key === "backspace") stamper.remove();
    else if (key === "c") stamper.copy();
    else if (key === "escape") stamper.pick(null);
    else return false;
    return true;
  }

  /** Keys that mean something on the canvas only. @param {KeyboardEvent} event */
  #onStage(event) {
    if (event.key in ARROWS) this.#moveCursor(event);
    else if (event.key === "Enter") this.#enter(event);
    else if (event.key === "Backspace") return this.#tools.stepBack();
    else if (event.key === "Delete") this.#actions.clear();
    else return false;
    return true;
  }

  /** @param {KeyboardEvent} event */
  #enter(event) {
    // Corners that a pointer set are closed by Enter; at the keyboard's cursor it sets one more, or closes at the first.
    if (this.#byKeyboard || !this.#tools.finish()) this.#press(event);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (this.#byKeyboard) this.#tools.press(this.#pointOf(event));
    else this.#showCursor(event);
  }

  /** @param {KeyboardEvent} event */
  #moveCursor(event) {
    const [dx, dy] = ARROWS[event.key];
    const { state, surface } = this.#tools;
    const step = event.shiftKey ? 10 : Math.max(1, Math.round(2 / surface.scale));
    this.#cursor.x = Math.min(state.width - 0.5, Math.max(0.5, this.#cursor.x + dx * step));
    this.#cursor.y = Math.min(state.height - 0.5, Math.max(0.5, this.#cursor.y + dy * step));
    this.#showCursor(event);
  }

  /** @param {KeyboardEvent} event */
  #showCursor(event) {
    this.#byKeyboard = true;
    this.#tools.surface.reveal(this.#cursor.x, this.#cursor.y);
    if (this.#tools.dragging) this.#tools.move(this.#pointOf(event));
    else this.#tools.hover(this.#pointOf(event));
    this.#outside.onCursor(this.#cursor);
  }

  /** @param {KeyboardEvent} event */
  #pointOf({ shiftKey }) {
    return { ...this.#cursor, shift: shiftKey, alt: false, erase: false, size: this.#tools.size };
  }

  /**
   * Space makes the pointer pan wherever the focus is. It still presses a button that has the focus, and else it scrolls
   * the page, unless the pointer is over the canvas.
   * @param {KeyboardEvent} event
   */
  #holdSpace({ repeat, target }) {
    const presses = /** @type {HTMLElement} */ (target).closest(
      "button, summary, input:not([type=range]), [role=tab]",
    );
    if (!repeat) {
      this.#space = true;
      this.#panned = false;
      this.#stage.classList.add("cg-grab");
    }
    return target === this.#stage || (!presses && this.#stage.matches(":hover"));
  }

  #dropSpace() {
    this.#space = false;
    this.#stage.classList.remove("cg-grab");
  }
}

/** The middle of a map's pixel in the middle. @param {{width: number, height: number}} map @returns {Cursor} */
const middleOf = ({ width, height }) => ({
  x: Math.floor(width / 2) + 0.5,
  y: Math.floor(height / 2) + 0.5,
});
