/** A line around people on the map: who sees no difference between red and green would take them for trees. */

import { outline } from "../core/colors.js";

/** @import { MapState } from "../core/state.js" */
/** @import { Surface } from "./surface.js" */

const LINE_PX = 1;

/**
 * Keeps the line up with the map; during a stroke it stays as it was.
 * @param {MapState} state
 * @param {Surface} surface
 * @param {number[]} ids of the classes of people
 */
export function outlinePeople(state, surface, ids) {
  const context = surface.addLayer("cg-people");
  const draw = () => {
    const image = context.createImageData(state.width, state.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (const id of ids) {
      if (!state.counts[id]) continue;
      outline(state, id, LINE_PX).forEach((pixel, i) => {
        if (pixel) pixels[i] = pixel;
      });
    }
    context.putImageData(image, 0, 0);
  };
  state.subscribe(({ final }) => final && draw());
  draw();
}
