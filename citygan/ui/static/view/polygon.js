/** The polygon: corner by corner, closed by Enter, a double click, or a click on the first corner. */

import { polygon } from "../core/shapes.js";

/** @import { Toolbox } from "./toolbox.js" */
/** @import { ToolPoint } from "./tools.js" */

const CLOSE_PX = 12; // on the screen: a click this near to the first corner closes it, where a mark has that radius
const TOUCH_PX = 24; // and a finger
const DOUBLE_PX = 3; // and one this near to the last corner, which is a double click
const EDGE_PX = 6; // and one this near to an edge of the map lies on it, or a line of pixels would be left there

export class Polygon {
  #box;
  /** @type {number[][]} */
  #corners = [];
  /** @type {number[]} where the last corner was clicked */
  #clicked = [];
  /** @type {number[] | null} */
  #pointer = null;
  #touch = false; // whether a finger set the last corner

  /** @param {Toolbox} box */
  constructor(box) {
    this.#box = box;
  }

  get open() {
    return this.#corners.length > 0;
  }

  /** Whether there are corners, set by a finger: Done, Undo and Cancel stand in for the keys. */
  get byTouch() {
    return this.open && this.#touch;
  }

  /** @param {ToolPoint} point */
  hover({ x, y }) {
    this.#pointer = this.#corner(x, y);
    this.#box.surface.marks.showCursor(x, y, 0);
    this.redraw();
  }

  /** @param {ToolPoint} point */
  down(point) {
    this.hover(point);
  }

  /** @param {ToolPoint} point */
  move(point) {
    this.hover(point);
  }

  /** @param {ToolPoint} point */
  up({ x, y, touch = false }) {
    const corner = this.#corner(x, y);
    const near = touch ? TOUCH_PX : CLOSE_PX;
    const double = this.open && this.#apart([x, y], this.#clicked) <= DOUBLE_PX;
    if (this.#corners.length >= 3 && (double || this.#apart(corner, this.#corners[0]) <= near)) {
      this.close();
    } else if (!double) {
      this.#corners.push(corner);
      this.#clicked = [x, y];
      this.#touch = touch;
      if (touch) this.#pointer = null; // the finger is gone
      this.redraw();
      const how = touch
        ? "Done or a tap on the first corner closes it."
        : "Enter or a click on the first corner closes, Esc drops.";
      this.#box.say(`Corner ${this.#corners.length}. ${how}`);
    }
  }

  /** Takes the last corner back. @returns {boolean} false if there is none */
  pop() {
    if (!this.open) return false;
    this.#corners.pop();
    this.#clicked = [];
    if (this.open) this.redraw();
    else this.drop();
    return true;
  }

  /** Paints it. @returns {boolean} false if there is none */
  close() {
    if (!this.open) return false;
    const { classId } = this.#box;
    if (this.#corners.length >= 3) {
      polygon(this.#corners, this.#box.paint(classId));
      this.#box.commit("polygon", classId);
    } else {
      this.#box.say("A polygon needs three corners; it was dropped.");
    }
    this.drop();
    return true;
  }

  drop() {
    this.#corners = [];
    this.#box.surface.marks.hideLines();
    this.#box.surface.marks.markCorner(null);
    this.#tell();
  }

  redraw() {
    if (!this.open) return;
    this.#box.surface.marks.markCorner(this.#corners[0], this.#touch ? TOUCH_PX : CLOSE_PX);
    this.#tell();
    const line = this.#pointer ? [...this.#corners, this.#pointer] : this.#corners;
    this.#box.surface.marks.showLines([line], { closed: this.#corners.length > 1 && this.#pointer !== null });
  }

  /** The stage hears `cg-polygon` with the corners, none of them while no polygon is open. */
  #tell() {
    this.#box.surface.element.dispatchEvent(
      new CustomEvent("cg-polygon", { detail: { corners: this.#corners, byTouch: this.byTouch } }),
    );
  }

  /** The corner that is meant by a point of the map. @param {number} x @param {number} y */
  #corner(x, y) {
    const { state, surface } = this.#box;
    const near = EDGE_PX / surface.scale;
    /** @param {number} at @param {number} side */
    const onEdge = (at, side) => [0, side].find((edge) => Math.abs(at - edge) <= near) ?? at;
    return [onEdge(x, state.width), onEdge(y, state.height)];
  }

  /** The distance on the screen. @param {number[]} a @param {number[]} b */
  #apart(a, b) {
    return Math.hypot(a[0] - b[0], a[1] - b[1]) * this.#box.surface.scale;
  }
}
