/**
 * The tools but the polygon. A tool paints through the state and previews through the surface.
 */

import * as shapes from "../core/shapes.js";

const CLICK_PX = 6; // of the map, in which a hand moves while it clicks
const SEEDS = 1_000_000; // as the photo's own

/** @import { Toolbox } from "./toolbox.js" */

/**
 * Where a pointer is on the map, and how it is held.
 * @typedef {object} ToolPoint
 * @property {number} x
 * @property {number} y
 * @property {boolean} shift
 * @property {boolean} alt
 * @property {boolean} erase whether it is the other end of a pen
 * @property {boolean} [touch] whether it is a finger, which hides what it points at
 * @property {number} size of a brush there; a pen's pressure makes it smaller
 */

/**
 * What a tool does when a pointer goes down, moves, goes up, or moves without being down.
 * @typedef {Partial<Record<"down" | "move" | "up" | "hover", (point: ToolPoint) => void>>} Tool
 */

/**
 * A round brush, moved over the map.
 * @param {Toolbox} box
 * @param {() => number} idOf what it paints
 * @param {string} what it is called
 * @returns {Tool}
 */
export function freehand(box, idOf, what) {
  const { state, surface } = box;
  let from = { x: 0, y: 0 };
  /** @param {ToolPoint} point */
  const draw = (point) => {
    shapes.stroke(from.x, from.y, point.x, point.y, point.size, box.paint(idOf()));
    from = point;
    surface.marks.showCursor(point.x, point.y, point.size);
  };
  return {
    down: (point) => {
      from = point.shift && box.lastPoint ? box.lastPoint : point;
      draw(point);
      state.flush();
    },
    move: draw,
    up: () => {
      box.lastPoint = from;
      box.commit(what, idOf());
    },
    hover: ({ x, y }) => surface.marks.showCursor(x, y, box.size),
  };
}

/**
 * Fills the region under the pointer, with Shift every pixel of its class.
 * @param {Toolbox} box
 * @returns {Tool}
 */
export function bucket(box) {
  const { state, surface } = box;
  return {
    up: (point) => {
      if (!box.inside(point)) return;
      const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
      const under = state.at(x, y);
      if (under === box.classId) return;
      /** @type {Parameters<shapes.Emit>[]} */
      const spans = []; // the shapes read the map while they go: paint afterwards
      if (point.shift) shapes.everyPixelOf(state, under, (...span) => spans.push(span));
      else shapes.region(state, x, y, (...span) => spans.push(span));
      for (const span of spans) state.span(...span, box.classId);
      box.commit(point.shift ? `fill of all ${box.nameOf(under)}` : "fill", box.classId);
    },
    hover: ({ x, y }) => surface.marks.showCursor(x, y, 0),
  };
}

/**
 * Takes the class under the pointer in hand.
 * @param {Toolbox} box
 * @returns {Tool}
 */
export function eyedropper(box) {
  const { state, surface } = box;
  /** @param {ToolPoint} point */
  const look = (point) => {
    surface.marks.showCursor(point.x, point.y, 0);
    if (!box.inside(point)) return;
    const id = state.at(Math.floor(point.x), Math.floor(point.y));
    if (id === box.classId && box.tool !== "eraser") return;
    box.hold(id);
    box.say(`Picked ${box.nameOf(id)}`);
  };
  return { down: look, move: look, hover: ({ x, y }) => surface.marks.showCursor(x, y, 0) };
}

/**
 * Draws the photo anew where one clicks, or inside of what one draws.
 * @param {Toolbox} box
 * @returns {Tool}
 */
export function again(box) {
  const { state, surface } = box;
  /** @type {number[][]} */
  let path = [];
  /** @param {ToolPoint} point */
  const add = ({ x, y }) => {
    path.push([x, y]);
    surface.marks.showCursor(x, y, 0);
    if (isLasso(path)) surface.marks.showLines([path], { closed: true });
  };
  return {
    down: (point) => {
      path = [];
      add(point);
    },
    move: add,
    hover: ({ x, y }) => surface.marks.showCursor(x, y, 0),
    up: (point) => {
      surface.marks.hideLines();
      /** @type {Parameters<shapes.Emit>[]} */
      const spans = [];
      const lasso = isLasso(path);
      if (!lasso && !box.inside(point)) return;
      const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
      if (lasso) shapes.polygon(path, (...span) => spans.push(span));
      else shapes.region(state, x, y, (...span) => spans.push(span));
      const what = lasso ? "inside of the line" : box.nameOf(state.at(x, y));
      state.renew(spans, Math.floor(Math.random() * SEEDS), `again, here: ${what}`);
    },
  };
}

/** Whether a path goes around something; else it is a click. @param {number[][]} path */
function isLasso(path) {
  const [x, y] = [0, 1].map((axis) => path.map((point) => point[axis]));
  return Math.max(...x) - Math.min(...x) > CLICK_PX && Math.max(...y) - Math.min(...y) > CLICK_PX;
}

/**
 * A straight line, as wide as the brush.
 * @param {Toolbox} box
 * @returns {Tool}
 */
export function line(box) {
  const { surface } = box;
  let from = { x: 0, y: 0 };
  /** @param {ToolPoint} point */
  const show = ({ x, y }) => {
    const ends = [from, { x, y }].map((end) => [end.x, end.y]);
    surface.marks.showCursor(x, y, box.size);
    surface.marks.showLines([ends], { width: box.size });
  };
  return {
    down: (point) => {
      from = point.shift && box.lastPoint ? box.lastPoint : point;
      show(point);
    },
    move: show,
    up: (point) => {
      shapes.stroke(from.x, from.y, point.x, point.y, box.size, box.paint(box.classId));
      box.lastPoint = point;
      surface.marks.hideLines();
      box.commit("line", box.classId);
    },
    hover: ({ x, y }) => surface.marks.showCursor(x, y, box.size),
  };
}

/**
 * A filled rectangle from corner to corner.
 * @param {Toolbox} box
 * @returns {Tool}
 */
export function rectangle(box) {
  const { surface } = box;
  let from = { x: 0, y: 0 };
  /** @param {ToolPoint} point */
  const show = ({ x, y }) => {
    const top = [from.x, x].map((side) => [side, from.y]);
    const bottom = [x, from.x].map((side) => [side, y]);
    surface.marks.showCursor(x, y, 0);
    surface.marks.showLines([[...top, ...bottom]], { closed: true });
  };
  return {
    down: (point) => {
      from = point;
      show(point);
    },
    move: show,
    up: ({ x, y }) => {
      shapes.rectangle(from.x, from.y, x, y, box.paint(box.classId));
      surface.marks.hideLines();
      box.commit("rectangle", box.classId);
    },
    hover: ({ x, y }) => surface.marks.showCursor(x, y, 0),
  };
}
