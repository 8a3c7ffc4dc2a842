/**
 * Mouse, pen and touch on the stage: one pointer paints, Space or the middle button pans, Ctrl and the wheel zoom, two
 * fingers pan and zoom.
 */

/** @import { Keys } from "./keys.js" */
/** @import { Toolbox } from "./toolbox.js" */

const WHEEL_STEP = 0.0015; // zoom of a pixel of wheel travel, as a power of e
const LINE_PX = 32; // pixels of a line, for wheels that count in lines
const PEN_ERASER = 32; // bit of PointerEvent.buttons

/** @typedef {(point: {x: number, y: number} | null) => void} OnHover */

export class Pointers {
  #surface;
  #tools;
  #keys;
  #onHover;
  #stage;
  /** @type {Map<number, PointerEvent>} pointer id -> its last event */
  #fingers = new Map();
  /** @type {number | null} id of the pointer that paints */
  #painting = null;
  /** @type {PointerEvent | null} last event of the pointer that pans */
  #panning = null;
  #pinched = false; // until all fingers are up, none of them paints
  /** @type {DOMRect | null} of the stage, measured once for many moves: that lays the page out */
  #box = null;

  /**
   * @param {Toolbox} tools
   * @param {Keys} keys
   * @param {OnHover} onHover gets where the pointer is, or that it has left
   */
  constructor(tools, keys, onHover) {
    this.#surface = tools.surface;
    this.#tools = tools;
    this.#keys = keys;
    this.#onHover = onHover;
    this.#stage = tools.surface.element;
    this.#measureAnew();
    this.#listen();
  }

  #listen() {
    const stage = this.#stage;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#release(event));
    stage.addEventListener("pointercancel", (event) => this.#release(event));
    stage.addEventListener("pointerleave", () => {
      this.#tools.leave();
      this.#keys.pointerMoved();
      this.#onHover(null);
    });
    stage.addEventListener("mousedown", (event) => {
      if (event.button === 1) event.preventDefault(); // no autoscroll
    });
    stage.addEventListener("contextmenu", (event) => {
      if (this.#painting !== null) event.preventDefault();
    });
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Forgets the stage's box whenever it may have moved. */
  #measureAnew() {
    const forget = () => {
      this.#box = null;
    };
    for (const event of ["scroll", "resize"])
      addEventListener(event, forget, { capture: true, passive: true });
    new ResizeObserver(forget).observe(document.body);
    this.#stage.addEventListener("pointerenter", forget);
    this.#stage.addEventListener("pointerdown", forget);
  }

  /** @param {PointerEvent} event */
  #pointOf(event) {
    this.#box ??= this.#stage.getBoundingClientRect();
    const [x, y] = this.#surface.toMap(event.clientX, event.clientY, this.#box);
    const { size } = this.#tools;
    const pen = event.pointerType === "pen";
    return {
      x,
      y,
      shift: event.shiftKey,
      alt: event.altKey,
      erase: pen && (event.buttons & PEN_ERASER) !== 0,
      touch: event.pointerType === "touch",
      size: pen && event.pressure > 0 ? Math.max(1, Math.round(size * event.pressure)) : size,
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.pointerType === "touch") {
      if (this.#painting !== null && !this.#fingers.size) return; // the palm of a hand that holds a pen
      this.#fingers.set(event.pointerId, event);
    }
    this.#stage.setPointerCapture(event.pointerId);
    if (this.#fingers.size > 1) {
      this.#tools.interrupt();
      this.#painting = null;
      this.#pinched = true;
    } else if (event.button === 1 || (event.button === 0 && this.#keys.spaceHeld)) {
      this.#panning = event;
      this.#keys.panned();
      this.#stage.classList.add("cg-grabbing");
    } else if ((event.button === 0 || event.button === 5) && this.#painting === null) {
      this.#painting = event.pointerId;
      this.#tools.down(this.#pointOf(event));
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const before = [...this.#fingers.values()];
    if (this.#fingers.has(event.pointerId)) this.#fingers.set(event.pointerId, event);
    if (this.#fingers.has(event.pointerId) && this.#pinched) {
      this.#pinch(before, [...this.#fingers.values()]);
    } else if (this.#panning?.pointerId === event.pointerId) {
      this.#surface.panBy(event.clientX - this.#panning.clientX, event.clientY - this.#panning.clientY);
      this.#panning = event;
    } else if (this.#painting === event.pointerId) {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.#tools.move(this.#pointOf(each));
      this.#tools.flush();
    } else if (event.pointerType !== "touch") {
      this.#tools.hover(this.#pointOf(event));
    }
    this.#keys.pointerMoved();
    this.#onHover(this.#pointOf(event));
  }

  /** @param {PointerEvent[]} before where the fingers were @param {PointerEvent[]} now where they are */
  #pinch([a, b], [c, d]) {
    if (!b) return;
    const [beforeX, beforeY] = middle(a, b);
    const [x, y] = middle(c, d);
    this.#surface.panBy(x - beforeX, y - beforeY);
    this.#surface.zoomAt(x, y, span(c, d) / span(a, b));
  }

  /** @param {PointerEvent} event */
  #release(event) {
    this.#fingers.delete(event.pointerId);
    if (!this.#fingers.size) this.#pinched = false;
    if (this.#panning?.pointerId === event.pointerId) {
      this.#panning = null;
      this.#stage.classList.remove("cg-grabbing");
    }
    if (this.#painting !== event.pointerId) return;
    this.#painting = null;
    if (event.type === "pointercancel") this.#tools.interrupt();
    else this.#tools.up(this.#pointOf(event));
    if (event.pointerType === "touch") this.#tools.leave();
  }

  /** With Ctrl or Cmd, which is also how a trackpad tells that fingers pinch; else the page scrolls. @param {WheelEvent} event */
  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault(); // or the browser would zoom the page
    const travel = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
    this.#surface.zoomAt(event.clientX, event.clientY, Math.exp(-travel * WHEEL_STEP));
  }
}

/** @param {PointerEvent} p @param {PointerEvent} q */
const middle = (p, q) => [(p.clientX + q.clientX) / 2, (p.clientY + q.clientY) / 2];

/** @param {PointerEvent} p @param {PointerEvent} q */
const span = (p, q) => Math.hypot(p.clientX - q.clientX, p.clientY - q.clientY) || 1;
