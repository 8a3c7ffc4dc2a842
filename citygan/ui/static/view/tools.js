/**
 * The tools. Each is an object with some of `down`, `move`, `up`, `hover`, `cancel`, and gets points of the map:
 * `{x, y, shift, alt, size}`. A tool paints through the state and previews through the surface.
 */

import * as shapes from "../core/shapes.js";
import { findHorizon, placeStamp } from "../core/stamps.js";

export const MIN_SIZE = 1;
export const MAX_SIZE = 128;
const CLOSE_PX = 10; // on the screen: a click this near to the first corner of a polygon closes it
const DOUBLE_PX = 3; // and one this near to the last corner, which is a double click

const UNLABELED = 0;

/** What the toolbar, the keys and the help show of each tool. */
export const TOOLS = {
  brush: { label: "Brush", key: "b", hint: "Shift: straight from the last point. Alt: pick the class" },
  eraser: { label: "Eraser", key: "e", hint: "Paints unlabeled" },
  bucket: { label: "Fill", key: "g", hint: "Shift: every pixel of that class" },
  eyedropper: { label: "Pick class", key: "i", hint: "Also Alt with any other tool" },
  polygon: { label: "Polygon", key: "p", hint: "Enter closes, Esc drops, Backspace takes a corner back" },
  line: { label: "Line", key: "l", hint: "As wide as the brush. Shift: from the last point" },
  rectangle: { label: "Rectangle", key: "r", hint: "Drag from corner to corner" },
  stamp: { label: "Stamp", key: "s", hint: "Stands at the pointer, shrinks toward the horizon" },
};

export class Toolbox {
  #state;
  #surface;
  #say;
  #roadId;
  #tools;
  #active = null; // the tool that holds the pointer
  #listeners = new Set();

  /**
   * @param {import("../core/state.js").MapState} state
   * @param {import("./surface.js").Surface} surface
   * @param {{roadId: number, stamps: object[], nameOf: (id: number) => string, say: (text: string) => void}} start
   */
  constructor(state, surface, { roadId, stamps, nameOf, say }) {
    this.#state = state;
    this.#surface = surface;
    this.#say = say;
    this.nameOf = nameOf;
    this.tool = "brush";
    this.#roadId = roadId;
    this.classId = roadId;
    this.size = 24;
    this.stamps = stamps;
    this.stamp = stamps[0] ?? null;
    this.lastPoint = null;
    this.#tools = {
      brush: this.#freehand(() => this.classId, "brush"),
      eraser: this.#freehand(() => UNLABELED, "eraser"),
      bucket: this.#bucket(),
      eyedropper: this.#eyedropper(),
      polygon: this.#polygon(),
      line: this.#line(),
      rectangle: this.#rectangle(),
      stamp: this.#stamper(),
    };
    surface.element.addEventListener("cg-view", () => this.#tools.polygon.redraw());
  }

  /** @param {() => void} listener called when tool, class, size or stamp changed */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  select(tool) {
    if (tool !== this.tool) this.abort();
    this.tool = tool;
    this.#changed();
  }

  pick(classId) {
    this.classId = classId;
    if (this.tool === "eraser" || this.tool === "stamp" || this.tool === "eyedropper") this.select("brush");
    else this.#changed();
  }

  setSize(size) {
    this.size = Math.round(Math.min(MAX_SIZE, Math.max(MIN_SIZE, size)));
    this.#changed();
  }

  /** One step larger or smaller, finer for fine brushes. @param {1 | -1} direction */
  stepSize(direction) {
    const from = direction < 0 ? this.size - 1 : this.size; // the way down mirrors the way up
    this.setSize(this.size + direction * (from < 10 ? 1 : from < 40 ? 4 : 8));
  }

  setStamp(stamp) {
    this.stamp = stamp;
    this.tool = "stamp";
    this.#changed();
  }

  get busy() {
    return this.#active !== null || this.#tools.polygon.open;
  }

  get dragging() {
    return this.#active !== null;
  }

  down(point) {
    const name = point.alt ? "eyedropper" : point.erase ? "eraser" : this.tool;
    this.#active = this.#tools[name];
    this.#active.down?.(point);
  }

  move(point) {
    this.#active?.move?.(point);
  }

  /** Shows the painting of a batch of moves. */
  flush() {
    this.#state.flush();
  }

  up(point) {
    const tool = this.#active;
    this.#active = null;
    tool?.up?.(point);
  }

  hover(point) {
    this.#tools[this.tool].hover?.(point);
  }

  leave() {
    this.#surface.hideCursor();
    if (this.#active === null && this.tool === "stamp") this.#surface.hideLines();
  }

  /** The keyboard's click: drags from one press to the next with tools that need two points. */
  press(point) {
    if (this.#active) {
      this.move(point);
      this.up(point);
      return;
    }
    this.down(point);
    if (this.#active !== this.#tools.line && this.#active !== this.#tools.rectangle) this.up(point);
    else this.#say("Start set. Move and press again for the end; Esc drops it.");
  }

  /** Ends what waits for its end. @returns {boolean} false if nothing did */
  finish() {
    return this.#tools.polygon.close();
  }

  /** Drops what is in progress. @returns {boolean} false if nothing was */
  abort() {
    const busy = this.busy;
    this.#active = null;
    this.#state.cancel();
    this.#tools.polygon.drop();
    this.#surface.hideLines();
    if (busy) this.#say("Dropped");
    return busy;
  }

  /** Drops the drag in progress, and keeps the corners of an open polygon. */
  interrupt() {
    if (this.#active !== this.#tools.polygon) this.#surface.hideLines();
    this.#active = null;
    this.#state.cancel();
  }

  /** Takes the last corner of an open polygon back. @returns {boolean} false if none is open */
  stepBack() {
    return this.#tools.polygon.pop();
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }

  #paint = (id) => (y, x0, x1) => this.#state.span(y, x0, x1, id);

  #note(what, id) {
    return `${what}, ${this.nameOf(id)}`;
  }

  #freehand(idOf, what) {
    let from = null;
    const draw = (point) => {
      shapes.stroke(from.x, from.y, point.x, point.y, point.size, this.#paint(idOf()));
      from = point;
      this.#surface.showCursor(point.x, point.y, point.size);
    };
    return {
      down: (point) => {
        from = point.shift && this.lastPoint ? this.lastPoint : point;
        draw(point);
        this.#state.flush();
      },
      move: draw,
      up: () => {
        this.lastPoint = from;
        this.#state.commit(this.#note(what, idOf()));
      },
      hover: ({ x, y }) => this.#surface.showCursor(x, y, this.size),
    };
  }

  #inside({ x, y }) {
    return x >= 0 && y >= 0 && x < this.#state.width && y < this.#state.height;
  }

  #bucket() {
    return {
      up: (point) => {
        if (!this.#inside(point)) return;
        const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
        const under = this.#state.at(x, y);
        if (under === this.classId) return;
        const spans = [];
        const keep = (...span) => spans.push(span); // the shapes read the map while they go: paint afterwards
        if (point.shift) shapes.everyPixelOf(this.#state, under, keep);
        else shapes.region(this.#state, x, y, keep);
        for (const span of spans) this.#state.span(...span, this.classId);
        this.#state.commit(
          this.#note(point.shift ? `fill of all ${this.nameOf(under)}` : "fill", this.classId),
        );
      },
      hover: ({ x, y }) => this.#surface.showCursor(x, y, 0),
    };
  }

  #eyedropper() {
    const look = (point) => {
      this.#surface.showCursor(point.x, point.y, 0);
      if (!this.#inside(point)) return;
      const id = this.#state.at(Math.floor(point.x), Math.floor(point.y));
      if (id === this.classId && this.tool !== "eraser") return;
      this.classId = id;
      this.#changed();
      this.#say(`Picked ${this.nameOf(id)}`);
    };
    return { down: look, move: look, hover: ({ x, y }) => this.#surface.showCursor(x, y, 0) };
  }

  #polygon() {
    let corners = [];
    let pointer = null;
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) * this.#surface.scale;
    const redraw = () => {
      if (!corners.length) return;
      const line = pointer ? [...corners, pointer] : corners;
      this.#surface.showLines([line], { closed: corners.length > 1 && pointer !== null });
    };
    const drop = () => {
      corners = [];
      this.#surface.hideLines();
    };
    const close = () => {
      if (!corners.length) return false;
      if (corners.length >= 3) {
        shapes.polygon(corners, this.#paint(this.classId));
        this.#state.commit(this.#note("polygon", this.classId));
      } else {
        this.#say("A polygon needs three corners; it was dropped.");
      }
      drop();
      return true;
    };
    const follow = ({ x, y }) => {
      pointer = [x, y];
      this.#surface.showCursor(x, y, 0);
      redraw();
    };
    return {
      get open() {
        return corners.length > 0;
      },
      down: follow,
      move: follow,
      hover: follow,
      up: ({ x, y }) => {
        const corner = [x, y];
        const double = corners.length > 0 && apart(corner, corners.at(-1)) <= DOUBLE_PX;
        if (corners.length >= 3 && (double || apart(corner, corners[0]) <= CLOSE_PX)) {
          close();
        } else if (!double) {
          corners.push(corner);
          redraw();
          this.#say(`Corner ${corners.length}. Enter or a click on the first corner closes, Esc drops.`);
        }
      },
      pop: () => {
        if (!corners.length) return false;
        corners.pop();
        if (corners.length) redraw();
        else drop();
        return true;
      },
      close,
      drop,
      redraw,
    };
  }

  #line() {
    let from = null;
    const show = (point) => {
      const ends = [
        [from.x, from.y],
        [point.x, point.y],
      ];
      this.#surface.showCursor(point.x, point.y, this.size);
      this.#surface.showLines([ends], { width: this.size });
    };
    return {
      down: (point) => {
        from = point.shift && this.lastPoint ? this.lastPoint : point;
        show(point);
      },
      move: show,
      up: (point) => {
        shapes.stroke(from.x, from.y, point.x, point.y, this.size, this.#paint(this.classId));
        this.lastPoint = point;
        this.#surface.hideLines();
        this.#state.commit(this.#note("line", this.classId));
      },
      hover: ({ x, y }) => this.#surface.showCursor(x, y, this.size),
    };
  }

  #rectangle() {
    let from = null;
    const show = ({ x, y }) => {
      const corners = [
        [from.x, from.y],
        [x, from.y],
        [x, y],
        [from.x, y],
      ];
      this.#surface.showCursor(x, y, 0);
      this.#surface.showLines([corners], { closed: true });
    };
    return {
      down: (point) => {
        from = point;
        show(point);
      },
      move: show,
      up: ({ x, y }) => {
        shapes.rectangle(from.x, from.y, x, y, this.#paint(this.classId));
        this.#surface.hideLines();
        this.#state.commit(this.#note("rectangle", this.classId));
      },
      hover: ({ x, y }) => this.#surface.showCursor(x, y, 0),
    };
  }

  #stamper() {
    let horizon = 0;
    let seen = -1; // revision of the map whose horizon that is
    const place = ({ x, y }) => {
      const { revision } = this.#state;
      if (revision !== seen) horizon = findHorizon(this.#state, this.#roadId);
      seen = revision;
      return placeStamp(this.stamp, x, y, horizon);
    };
    const show = (point) => {
      this.#surface.showCursor(point.x, point.y, 0);
      this.#surface.showLines(
        place(point).map((part) => part.points),
        { closed: true },
      );
    };
    return {
      down: show,
      move: show,
      hover: show,
      up: (point) => {
        for (const { id, points } of place(point)) shapes.polygon(points, this.#paint(id));
        this.#surface.hideLines();
        this.#state.commit(`stamp, ${this.stamp.name}`);
      },
    };
  }
}
