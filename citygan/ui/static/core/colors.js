/** What a map looks like, as pixels of a canvas (RGBA, little-endian). */

/** @import { LabelMap } from "./wire.js" */

const SOLO_MIX = 0.85; // how far the other classes fade to grey while one is shown alone
const WHITE = 0xffffffff;
const BLACK = 0xff000000;

/** As a style sheet says it. @param {number[]} color red, green, blue */
export const cssColor = (color) => `rgb(${color.join(" ")})`;

/**
 * The pixel of each class id.
 * @param {Map<number, number[]>} colors id -> red, green, blue
 * @param {number | null} solo the id that is shown alone
 */
export function colorTable(colors, solo) {
  const table = new Uint32Array(256);
  for (const [id, color] of colors) {
    const faded = solo !== null && id !== solo;
    const grey = (0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]) * 0.5 + 80;
    const [r, g, b] = color.map((c) => Math.round(faded ? c + (grey - c) * SOLO_MIX : c));
    table[id] = BLACK | (b << 16) | (g << 8) | r;
  }
  return table;
}

/**
 * White along the inner edge of a class, black along its outer edge: visible on every colour.
 * @param {LabelMap} map
 * @param {number} id
 * @param {number} reach width of each line
 */
export function outline({ ids, width, height }, id, reach) {
  const pixels = new Uint32Array(ids.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const inside = ids[i] === id;
      if (
        (x >= reach && (ids[i - reach] === id) !== inside) ||
        (x < width - reach && (ids[i + reach] === id) !== inside) ||
        (y >= reach && (ids[i - reach * width] === id) !== inside) ||
        (y < height - reach && (ids[i + reach * width] === id) !== inside)
      ) {
        pixels[i] = inside ? WHITE : BLACK;
      }
    }
  }
  return pixels;
}
