/** The polygon: corner by corner, closed by Enter, a double click, or a click on the first corner. */

import { polygon } from "../core/shapes.js";

/** @import { Toolbox } from "./toolbox.js" */
/** @import { ToolPoint } from "./tools.js" */

const CLOSE_PX = 10; // on the screen: a click this near to the first corner closes it
const DOUBLE_PX = 3; // and one this near to the last corner, which is a double click

export class Polygon {
  #box;
  /** @type {number[][]} */
  #corners = [];
  /** @type {number[] | null} */
  #pointer = null;

  /** @param {Toolbox} box */
  constructor(box) {
    this.#box = box;
  }

  get open() {
    return this.#corners.length > 0;
  }

  /** @param {ToolPoint} point */
  hover({ x, y }) {
    this.#pointer = [x, y];
    this.#box.surface.showCursor(x, y, 0);
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
  up({ x, y }) {
    const corner = [x, y];
    const last = this.#corners.at(-1);
    const double = last !== undefined && this.#apart(corner, last) <= DOUBLE_PX;
    if (this.#corners.length >= 3 && (double || this.#apart(corner, this.#corners[0]) <= CLOSE_PX)) {
      this.close();
    } else if (!double) {
      this.#corners.push(corner);
      this.redraw();
      const how = "Enter or a click on the first corner closes, Esc drops.";
      this.#box.say(`Corner ${this.#corners.length}. ${how}`);
    }
  }

  /** Takes the last corner back. @returns {boolean} false if there is none */
  pop() {
    if (!this.open) return false;
    this.#corners.pop();
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
    this.#box.surface.hideLines();
  }

  redraw() {
    if (!this.open) return;
    const line = this.#pointer ? [...this.#corners, this.#pointer] : this.#corners;
    this.#box.surface.showLines([line], { closed: this.#corners.length > 1 && this.#pointer !== null });
  }

  /** The distance on the screen. @param {number[]} a @param {number[]} b */
  #apart(a, b) {
    return Math.hypot(a[0] - b[0], a[1] - b[1]) * this.#box.surface.scale;
  }
}
