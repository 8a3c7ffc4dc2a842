/** The marks above the map: the cursor's ring, the lines of a shape under way, and the corner that closes it. */

import { svg } from "./dom.js";

export class Marks {
  #view;
  #cursor = ["cg-halo", "cg-ink"].map((name) => svg("circle", { class: name }));
  #path = ["cg-halo", "cg-ink"].map((name) => svg("path", { class: name }));
  #corner = ["cg-halo", "cg-ink cg-corner"].map((name) => svg("circle", { class: name }));

  /** @param {() => {scale: number, x: number, y: number}} view how points of the map lie on the stage, by now */
  constructor(view) {
    this.#view = view;
    this.element = svg("svg", { class: "cg-marks", "aria-hidden": "true" });
    this.element.append(...this.#path, ...this.#corner, ...this.#cursor);
    this.hideCursor();
    this.markCorner(null);
  }

  /**
   * Shows the true size of a brush; a diameter of 0 shows a small cross hair ring.
   * @param {number} mapX
   * @param {number} mapY
   * @param {number} diameter
   */
  showCursor(mapX, mapY, diameter) {
    const { scale, x, y } = this.#view();
    for (const circle of this.#cursor) {
      circle.setAttribute("cx", String(mapX * scale + x));
      circle.setAttribute("cy", String(mapY * scale + y));
      circle.setAttribute("r", String(diameter ? Math.max(1.5, (diameter * scale) / 2) : 4));
      circle.style.display = "";
    }
  }

  hideCursor() {
    for (const circle of this.#cursor) circle.style.display = "none";
  }

  /**
   * Draws lines above the map until the next call.
   * @param {number[][][]} lines each a list of map points [x, y]
   * @param {{closed?: boolean, width?: number}} [look] width in map pixels, else hair lines
   */
  showLines(lines, { closed = false, width = 0 } = {}) {
    const { scale, x, y } = this.#view();
    /** @param {number[]} point */
    const screen = ([px, py]) => `${(px * scale + x).toFixed(1)} ${(py * scale + y).toFixed(1)}`;
    const d = lines.map((points) => `M${points.map(screen).join("L")}${closed ? "Z" : ""}`).join("");
    const [halo, ink] = this.#path;
    for (const path of this.#path) path.setAttribute("d", d);
    halo.style.strokeWidth = width ? `${Math.max(3, width * scale)}px` : "";
    halo.classList.toggle("cg-wide", width > 0);
    ink.style.display = d ? "" : "none";
  }

  hideLines() {
    this.showLines([]);
  }

  /** Marks a point of the map by a ring; null ends that. @param {number[] | null} point @param {number} [radius] on the screen */
  markCorner(point, radius = 0) {
    const { scale, x, y } = this.#view();
    const [cx, cy] = point ? [point[0] * scale + x, point[1] * scale + y] : [0, 0];
    for (const circle of this.#corner) {
      for (const [name, value] of Object.entries({ cx, cy, r: radius }))
        circle.setAttribute(name, `${value}`);
      circle.style.display = point ? "" : "none";
    }
  }
}
