/** Maps that the tests paint on, drawn as text: a character a pixel, whose code is the id. */

import { readFileSync } from "node:fs";

/** @param {string} text rows, set apart by white space */
export function drawn(text) {
  const rows = text.trim().split(/\s+/);
  const ids = Uint8Array.from(rows.join(""), (c) => c.charCodeAt(0));
  return { ids, width: rows[0].length, height: rows.length };
}

/** The opposite of `drawn`; pixels of id 0 are dots. */
export function asText({ ids, width }) {
  const text = Array.from(ids, (id) => (id ? String.fromCharCode(id) : ".")).join("");
  return text.replace(new RegExp(`.{${width}}`, "g"), "$&\n").trim();
}

/** What a shape covers: `paint` gets the function that shapes hand their spans to. */
export function covered(width, height, paint) {
  const ids = new Uint8Array(width * height);
  paint((y, x0, x1) => {
    if (y < 0 || y >= height) return;
    for (let x = Math.max(0, x0); x < Math.min(width, x1); x++) {
      if (ids[y * width + x]) throw new Error(`pixel ${x}, ${y} was painted twice`);
      ids[y * width + x] = "#".charCodeAt(0);
    }
  });
  return asText({ ids, width });
}

/** Expected pictures as they stand in a test, without their indentation. */
export const picture = (text) => text.trim().split(/\s+/).join("\n");

/** @param {string} text "x y, x y, ..." @returns {number[][]} */
export const points = (text) => text.split(", ").map((point) => point.split(" ").map(Number));

/** @param {string} name of a JSON file in fixtures/ */
export const fixture = (name) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));
