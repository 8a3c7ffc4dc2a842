/** The tools: which one is in hand, what it paints with, and who holds the pointer. */

import { Polygon } from "./polygon.js";
import { Stamper } from "./stamper.js";
import { again, bucket, eyedropper, freehand, line, rectangle } from "./tools.js";

/** @import { Hand } from "../core/document.js" */
/** @import { Emit } from "../core/shapes.js" */
/** @import { MapState } from "../core/state.js" */
/** @import { Stamp } from "../core/stamps.js" */
/** @import { Surface } from "./surface.js" */
/** @import { Tool, ToolPoint } from "./tools.js" */

export const MIN_SIZE = 1;
export const MAX_SIZE = 128;

const UNLABELED = 0;
const PAINTS_NO_CLASS = ["eraser", "stamp", "eyedropper", "again"];

/** What the toolbar, the keys and the help show of each tool. */
export const TOOLS = {
  brush: { label: "Brush", key: "b", hint: "Shift: straight from the last point. Alt: pick the class" },
  eraser: { label: "Eraser", key: "e", hint: "Paints unlabeled" },
  bucket: { label: "Fill", key: "g", hint: "Shift: every pixel of that class" },
  eyedropper: { label: "Pick class", key: "i", hint: "Also Alt with any other tool" },
  polygon: { label: "Polygon", key: "p", hint: "Enter closes, Esc drops, Backspace takes a corner back" },
  line: { label: "Line", key: "l", hint: "As wide as the brush. Shift: from the last point" },
  rectangle: { label: "Rectangle", key: "r", hint: "Drag from corner to corner" },
  again: {
    label: "Again, here",
    key: "a",
    hint: "Click a region or draw around one: the photo gets another one there",
  },
  stamp: {
    label: "Stamp",
    key: "s",
    hint: "Stands on the ground. Drag one to move it; [ ] scale it, C copies, Delete removes",
  },
};

/** @typedef {keyof typeof TOOLS} ToolName */

export const toolNames = /** @type {ToolName[]} */ (Object.keys(TOOLS));

export class Toolbox {
  #tools;
  #stamps;
  #polygon = new Polygon(this);
  /** @type {Tool | null} the tool that holds the pointer */
  #active = null;
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /**
   * @param {MapState} state
   * @param {Surface} surface
   * @param {{roadId: number, skyId: number, stamps: Stamp[], nameOf: (id: number) => string,
   *   say: (text: string) => void}} start
   */
  constructor(state, surface, { roadId, skyId, stamps, nameOf, say }) {
    this.state = state;
    this.surface = surface;
    this.say = say;
    this.nameOf = nameOf;
    /** @type {ToolName} */
    this.tool = "brush";
    this.roadId = roadId;
    this.skyId = skyId;
    this.classId = roadId;
    this.size = 24;
    this.stamp = stamps[0];
    /** @type {{x: number, y: number} | null} where the last stroke ended */
    this.lastPoint = null;
    this.#stamps = stamps;
    this.stamper = new Stamper(this, () => this.#changed());
    state.subscribe(({ final }) => {
      if (final && this.tool === "stamp") this.stamper.rest(); // what is picked may be gone
    });
    /** @type {Record<ToolName, Tool>} */
    this.#tools = {
      brush: freehand(this, () => this.classId, "brush"),
      eraser: freehand(this, () => UNLABELED, "eraser"),
      bucket: bucket(this),
      eyedropper: eyedropper(this),
      polygon: this.#polygon,
      line: line(this),
      rectangle: rectangle(this),
      again: again(this),
      stamp: this.stamper,
    };
    surface.element.addEventListener("cg-view", () => {
      this.#polygon.redraw();
      if (this.tool === "stamp") this.stamper.rest();
    });
  }

  /** @param {() => void} listener called when tool, class, size or stamp changed */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  /** @param {ToolName} tool */
  select(tool) {
    if (tool !== this.tool) {
      this.abort();
      this.stamper.pick(null);
    }
    this.tool = tool;
    this.#changed();
  }

  /** Takes a class in hand, and a tool that paints it. @param {number} classId */
  pick(classId) {
    this.classId = classId;
    if (PAINTS_NO_CLASS.includes(this.tool)) this.select("brush");
    else this.#changed();
  }

  /** Takes a class in hand. @param {number} classId */
  hold(classId) {
    this.classId = classId;
    this.#changed();
  }

  /** @param {number} size */
  setSize(size) {
    this.size = Math.round(Math.min(MAX_SIZE, Math.max(MIN_SIZE, size)));
    this.#changed();
  }

  /** One step larger or smaller, finer for fine brushes. @param {1 | -1} direction */
  stepSize(direction) {
    const from = direction < 0 ? this.size - 1 : this.size; // the way down mirrors the way up
    this.setSize(this.size + direction * (from < 10 ? 1 : from < 40 ? 4 : 8));
  }

  /** @param {Stamp} stamp */
  setStamp(stamp) {
    this.stamp = stamp;
    this.select("stamp");
  }

  /** What one paints with. @returns {Hand} */
  get hand() {
    return { tool: this.tool, classId: this.classId, size: this.size, stamp: this.stamp.name };
  }

  /** Takes what one painted with before; a tool or a stamp that there is no more stays where it is. @param {Hand} hand */
  setHand({ tool, classId, size, stamp }) {
    this.classId = classId;
    this.stamp = this.#stamps.find(({ name }) => name === stamp) ?? this.stamp;
    this.setSize(size);
    const known = toolNames.find((name) => name === tool);
    if (known) this.select(known);
  }

  get busy() {
    return this.#active !== null || this.#polygon.open;
  }

  get dragging() {
    return this.#active !== null;
  }

  /** @param {ToolPoint} point */
  down(point) {
    const name = point.alt ? "eyedropper" : point.erase ? "eraser" : this.tool;
    this.#active = this.#tools[name];
    this.#active.down?.(point);
  }

  /** @param {ToolPoint} point */
  move(point) {
    this.#active?.move?.(point);
  }

  /** Shows the painting of a batch of moves. */
  flush() {
    this.state.flush();
  }

  /** @param {ToolPoint} point */
  up(point) {
    const tool = this.#active;
    this.#active = null;
    tool?.up?.(point);
  }

  /** @param {ToolPoint} point */
  hover(point) {
    this.#tools[this.tool].hover?.(point);
  }

  leave() {
    this.surface.marks.hideCursor();
    if (this.#active === null && this.tool === "stamp") this.stamper.rest();
  }

  /**
   * The keyboard's click: drags from one press to the next with tools that need two points.
   * @param {ToolPoint} point
   */
  press(point) {
    if (this.#active) {
      this.move(point);
      this.up(point);
      return;
    }
    this.down(point);
    const picked = this.stamper.holds ? this.stamper.picked : null;
    if (picked)
      this.say(`Picked up the ${picked.stamp.name}. Move and press again to set it down; Esc drops it.`);
    else if (this.#active !== this.#tools.line && this.#active !== this.#tools.rectangle) this.up(point);
    else this.say("Start set. Move and press again for the end; Esc drops it.");
  }

  /** Ends what waits for its end. @returns {boolean} false if nothing did */
  finish() {
    return this.#polygon.close();
  }

  /** Drops what is in progress. @returns {boolean} false if nothing was */
  abort() {
    const busy = this.busy;
    this.#active = null;
    this.stamper.drop();
    this.state.cancel();
    this.#polygon.drop();
    this.surface.marks.hideLines();
    if (busy) this.say("Dropped");
    return busy;
  }

  /** Drops the drag in progress, and keeps the corners of an open polygon. */
  interrupt() {
    if (this.#active !== this.#polygon) this.surface.marks.hideLines();
    this.#active = null;
    this.stamper.drop();
    this.state.cancel();
  }

  /** Takes the last corner of an open polygon back. @returns {boolean} false if none is open */
  stepBack() {
    return this.#polygon.pop();
  }

  /** What paints the spans of a shape with a class. @param {number} id @returns {Emit} */
  paint(id) {
    return (y, x0, x1) => this.state.span(y, x0, x1, id);
  }

  /** Ends a step of the history. @param {string} what @param {number} id of the class that was painted */
  commit(what, id) {
    this.state.commit(`${what}, ${this.nameOf(id)}`);
  }

  /** Whether a point is on the map. @param {{x: number, y: number}} point */
  inside({ x, y }) {
    return x >= 0 && y >= 0 && x < this.state.width && y < this.state.height;
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }
}
