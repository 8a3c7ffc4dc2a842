/**
 * What shows the map: a canvas that is only ever written to, and the view (zoom, pan, fit). The marks above it are in
 * marks.js.
 *
 * Coordinates: "map" are pixels of the map, "stage" are CSS pixels from the stage's top left corner.
 */

import { colorTable, outline } from "../core/colors.js";
import { union } from "../core/steps.js";
import { contextOf, el } from "./dom.js";
import { Marks } from "./marks.js";

/** @import { MapState } from "../core/state.js" */
/** @import { Rect } from "../core/steps.js" */

const MAX_ZOOM = 32; // screen pixels a map pixel
const SHARP_FROM = 2; // from this zoom on, map pixels are shown as squares

export class Surface {
  #state;
  #colors; // id -> [r, g, b]
  #table; // id -> pixel of the canvas
  #context;
  #image = new ImageData(1, 1);
  #pixels = new Uint32Array(1);
  /** @type {CanvasImageSource | null} */
  #over = null; // what lies over the map
  /** @type {Rect | null} what waits for the next frame */
  #pending = null;
  #layers = el("div", "cg-layers");
  #map = el("canvas", "cg-map");
  #outline = el("canvas", "cg-outline");
  #overlay = el("canvas", "cg-overlay");
  #view = { scale: 1, x: 0, y: 0 };
  #fitted = true;
  /** @type {number | null} */
  #solo = null;
  /** @type {number | null} */
  #outlined = null;

  /**
   * @param {MapState} state
   * @param {Map<number, number[]>} colors
   */
  constructor(state, colors) {
    this.#state = state;
    this.#colors = colors;
    this.marks = new Marks(() => this.#view);
    this.element = el("div", "cg-stage", this.#layers, this.marks.element);
    this.#layers.append(this.#map, this.#overlay, this.#outline);
    for (const canvas of this.#layers.children) canvas.setAttribute("aria-hidden", "true");
    this.#context = contextOf(this.#map, { alpha: false });
    this.#table = colorTable(colors, null);
    this.#takeShape();
    state.subscribe(({ rect, reshaped }) => {
      this.setOutline(null);
      if (reshaped) this.#takeShape();
      this.#redraw(rect);
    });
    this.#redrawAll();
    new ResizeObserver(() => this.#resized()).observe(this.element);
  }

  /** Gives all layers the size of the map, and shows the whole of it. */
  #takeShape() {
    const { width, height } = this.#state;
    for (const canvas of this.#layers.querySelectorAll("canvas")) Object.assign(canvas, { width, height });
    Object.assign(this.#layers.style, { width: `${width}px`, height: `${height}px` });
    this.#image = this.#context.createImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#pending &&= { x0: 0, y0: 0, x1: width, y1: height }; // it was of the other shape
    this.#drawOver();
    this.fit();
  }

  /** Whether the view shows the whole map. */
  get fitted() {
    return this.#fitted;
  }

  get scale() {
    return this.#view.scale;
  }

  /**
   * The view for another picture of the same street: how many times larger than fitted, and where its top left corner
   * is, in widths and heights of the stage.
   */
  get framing() {
    const { width, height } = this.#size();
    const { scale, x, y } = this.#view;
    const shown = [scale * this.#state.width, scale * this.#state.height];
    return this.#fitted || !width
      ? { zoom: 1, left: 0, top: 0 }
      : { zoom: Math.max(shown[0] / width, shown[1] / height), left: x / width, top: y / height };
  }

  /**
   * Map coordinates of a pointer. Who asks for many passes the stage's box, so that it is measured once.
   * @param {number} clientX
   * @param {number} clientY
   * @param {DOMRect} [box]
   * @returns {[number, number]} fractions of pixels, maybe outside the map
   */
  toMap(clientX, clientY, box = this.element.getBoundingClientRect()) {
    const { scale, x, y } = this.#view;
    return [(clientX - box.left - x) / scale, (clientY - box.top - y) / scale];
  }

  /** Where a point of the map is on the stage. @param {number} mapX @param {number} mapY */
  toStage(mapX, mapY) {
    const { scale, x, y } = this.#view;
    return [mapX * scale + x, mapY * scale + y];
  }

  /** Shows the whole map. */
  fit() {
    const { width, height } = this.#size();
    const scale = this.#fitScale();
    this.#fitted = true;
    this.#setView({
      scale,
      x: (width - scale * this.#state.width) / 2,
      y: (height - scale * this.#state.height) / 2,
    });
  }

  /**
   * Zooms about a point of the screen.
   * @param {number} clientX
   * @param {number} clientY
   * @param {number} factor
   */
  zoomAt(clientX, clientY, factor) {
    const box = this.element.getBoundingClientRect();
    const { scale, x, y } = this.#view;
    const least = this.#fitScale();
    const next = Math.min(Math.max(MAX_ZOOM, least), Math.max(least, scale * factor));
    if (Math.abs(next - scale) < 1e-6) return;
    if (next === least) return this.fit();
    const px = clientX - box.left;
    const py = clientY - box.top;
    this.#fitted = false;
    this.#setView({ scale: next, x: px - ((px - x) * next) / scale, y: py - ((py - y) * next) / scale });
  }

  /** Zooms about the middle of the stage. @param {number} factor */
  zoom(factor) {
    const box = this.element.getBoundingClientRect();
    this.zoomAt(box.left + box.width / 2, box.top + box.height / 2, factor);
  }

  /** @param {number} dx @param {number} dy */
  panBy(dx, dy) {
    if (this.#fitted) return;
    const { scale, x, y } = this.#view;
    this.#setView({ scale, x: x + dx, y: y + dy });
  }

  /** Moves the view until a point of the map is inside it. @param {number} mapX @param {number} mapY */
  reveal(mapX, mapY) {
    const { width, height } = this.#size();
    const { scale, x, y } = this.#view;
    const margin = 24;
    /** @param {number} at @param {number} size */
    const outside = (at, size) => Math.min(0, size - margin - at) + Math.max(0, margin - at);
    this.panBy(outside(mapX * scale + x, width), outside(mapY * scale + y, height));
  }

  /** The colour that a brush shows inside its circle. @param {number[]} color */
  setInk(color) {
    this.element.style.setProperty("--cg-paint", `rgb(${color.join(" ")} / 0.5)`);
  }

  /** Shows one class alone, the others fade to grey; null shows all. @param {number | null} id */
  setSolo(id) {
    if (id === this.#solo) return;
    this.#solo = id;
    this.#table = colorTable(this.#colors, id);
    this.#redrawAll();
  }

  /** Outlines the regions of a class; null ends that. @param {number | null} id */
  setOutline(id) {
    if (id === this.#outlined) return;
    this.#outlined = id;
    const context = contextOf(this.#outline);
    context.clearRect(0, 0, this.#state.width, this.#state.height);
    if (id === null || !this.#state.counts[id]) return;
    const image = new ImageData(this.#state.width, this.#state.height);
    const reach = Math.max(1, Math.round(1.5 / this.#view.scale)); // map pixels that make the line visible
    new Uint32Array(image.data.buffer).set(outline(this.#state, id, reach));
    context.putImageData(image, 0, 0);
  }

  /**
   * Lays a semi-transparent picture over the map.
   * @param {CanvasImageSource | null} picture
   * @param {number} opacity 0 to 1
   */
  setOverlay(picture, opacity) {
    this.#over = picture;
    this.#overlay.style.opacity = String(opacity);
    this.#drawOver();
  }

  #drawOver() {
    const context = contextOf(this.#overlay);
    const { width, height } = this.#state;
    context.clearRect(0, 0, width, height);
    if (this.#over) context.drawImage(this.#over, 0, 0, width, height);
  }

  /** A layer above the map, of its size, for who has more to show. @param {string} className */
  addLayer(className) {
    const canvas = el("canvas", className);
    canvas.width = this.#state.width;
    canvas.height = this.#state.height;
    canvas.setAttribute("aria-hidden", "true");
    this.#layers.append(canvas);
    return contextOf(canvas);
  }

  #size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  #fitScale() {
    const { width, height } = this.#size();
    return Math.min(width / this.#state.width, height / this.#state.height) || 1;
  }

  #resized() {
    if (this.#fitted || this.#view.scale < this.#fitScale()) this.fit();
    else this.#setView(this.#view);
  }

  /**
   * Applies a view, held so that the map always covers the stage or sits in its middle.
   * @param {{scale: number, x: number, y: number}} view
   */
  #setView({ scale, x, y }) {
    const { width, height } = this.#size();
    /** @param {number} at @param {number} map @param {number} stage */
    const hold = (at, map, stage) =>
      map <= stage ? (stage - map) / 2 : Math.min(0, Math.max(stage - map, at));
    this.#view = {
      scale,
      x: hold(x, scale * this.#state.width, width),
      y: hold(y, scale * this.#state.height, height),
    };
    this.#layers.style.transform = `translate(${this.#view.x}px, ${this.#view.y}px) scale(${scale})`;
    this.#layers.classList.toggle("cg-sharp", scale >= SHARP_FROM);
    this.marks.hideCursor();
    this.element.dispatchEvent(new CustomEvent("cg-view"));
  }

  #redrawAll() {
    this.#redraw({ x0: 0, y0: 0, x1: this.#state.width, y1: this.#state.height });
  }

  /** @param {Rect} rect */
  #redraw(rect) {
    if (!this.#pending) requestAnimationFrame(() => this.#paint());
    this.#pending = union(this.#pending, rect);
  }

  #paint() {
    if (!this.#pending) return;
    const { x0, y0, x1, y1 } = this.#pending;
    this.#pending = null;
    const { ids, width } = this.#state;
    for (let y = y0; y < y1; y++) {
      for (let i = y * width + x0, end = y * width + x1; i < end; i++) this.#pixels[i] = this.#table[ids[i]];
    }
    this.#context.putImageData(this.#image, 0, 0, x0, y0, x1 - x0, y1 - y0);
  }
}
