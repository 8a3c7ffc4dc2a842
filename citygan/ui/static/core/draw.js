/** Single photos, beside the live loop: of streets, of other seeds, of what a first visitor is shown. */

import { filled } from "./filling.js";
import { accepted } from "./server.js";
import { resample } from "./shapes.js";
import { encodeMap } from "./wire.js";

/** @import { PhotoRequest, Server } from "../types.js" */
/** @import { LabelMap } from "./wire.js" */

const BUSY_PAUSE_MS = 300; // on top of what the server waits by itself
const BUSY_TRIES = 20;

/**
 * What brings a photo of a map. It asks one at a time, so that the photo of what is painted never waits for more
 * than one.
 * @typedef {(map: LabelMap, wishes?: Partial<Pick<PhotoRequest, "seed" | "light">> & {fill?: boolean}) =>
 *   Promise<string>} Draw a data URL
 */

/**
 * @param {Server["render"]} render
 * @param {(map: LabelMap) => [number, number]} sizeOf width and height at which the generator draws a map
 * @returns {Draw} throws an Error with what the server said
 */
export function buildDraw(render, sizeOf) {
  /** @type {Promise<unknown>} */
  let before = Promise.resolve();
  return (map, { seed = null, light = null, fill = false } = {}) => {
    const [width, height] = sizeOf(map);
    const ids = resample(fill ? filled(map) : map, width, height);
    const request = { map: encodeMap({ ids, width, height }, 0, true), seed, light, target: null };
    const photo = before.then(() => ask(render, request));
    before = photo.catch(() => {});
    return photo;
  };
}

/** @param {Server["render"]} render @param {PhotoRequest} request */
async function ask(render, request) {
  for (let tries = 1; ; tries++) {
    const answer = await render(request);
    if (!answer?.busy || tries === BUSY_TRIES) return accepted(answer).photo;
    await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
  }
}
