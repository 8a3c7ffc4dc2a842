/** The time-lapse: what was painted and the photo of it, from the first stroke to the last, as a video. */

import { Frames } from "../core/frames.js";
import { reason } from "../core/server.js";
import { resample } from "../core/shapes.js";
import { downloadBlob, mapPicture, pictureOf } from "../view/controls.js";
import { contextOf, el } from "../view/dom.js";

/** @import { LabelMap } from "../core/wire.js" */
/** @import { Film, FilmFrame, Painter, Shot } from "../types.js" */

const FRAME_MS = 60;
const LAST_MS = 1500; // the result stays to be looked at
const HEIGHT_PX = 384;
const BITS_PER_SECOND = 6_000_000;
const KINDS = [
  // what can be shared most widely first
  ["video/mp4;codecs=avc1.42E01F", "mp4"],
  ["video/webm;codecs=vp9", "webm"],
  ["video/webm", "webm"],
];

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Plays frames on a canvas and records it. It takes as long as the video lasts: browsers record in real time.
 * @param {HTMLCanvasElement} canvas
 * @param {(frame: FilmFrame) => Promise<void>} draw
 * @param {FilmFrame[]} frames
 * @param {string} type of the video
 * @returns {Promise<Blob>}
 */
async function record(canvas, draw, frames, type) {
  await draw(frames[0]); // or the video would begin black
  const recorder = new MediaRecorder(canvas.captureStream(), {
    mimeType: type,
    videoBitsPerSecond: BITS_PER_SECOND,
  });
  /** @type {Blob[]} */
  const parts = [];
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  const ended = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", () => reject(new Error("the browser stopped recording")));
  });
  recorder.start();
  for (const frame of frames) await Promise.all([draw(frame), pause(frame.ms)]);
  for (let waited = 0; waited < LAST_MS; waited += FRAME_MS) {
    // A canvas that rests gives no frames.
    await Promise.all([draw(frames[frames.length - 1]), pause(FRAME_MS)]);
  }
  recorder.stop();
  await ended;
  return new Blob(parts, { type });
}

/**
 * @param {Painter} painter
 * @param {(map: LabelMap) => [number, number]} sizeOf width and height at which the generator draws a map
 */
export function buildTimelapse(painter, sizeOf) {
  const frames = new Frames();
  let busy = false;

  /** The map on the left, its photo on the right; those of other shapes than the last one lie inside its frame. */
  function stage() {
    const width = 2 * Math.round((HEIGHT_PX * painter.width) / painter.height / 2);
    const canvas = el("canvas");
    Object.assign(canvas, { width: 2 * width, height: HEIGHT_PX });
    const context = contextOf(canvas, { alpha: false });
    const map = el("canvas");
    /** @param {FilmFrame} frame */
    const draw = async (frame) => {
      const image = await pictureOf(frame.photo);
      mapPicture(frame.map, painter.colorOf, map);
      const w = Math.min(width, HEIGHT_PX * frame.aspect);
      const h = Math.min(HEIGHT_PX, width / frame.aspect);
      const [left, top] = [(width - w) / 2, (HEIGHT_PX - h) / 2];
      context.clearRect(0, 0, 2 * width, HEIGHT_PX);
      context.imageSmoothingEnabled = false;
      context.drawImage(map, left, top, w, h);
      context.imageSmoothingEnabled = true;
      context.drawImage(image, width + left, top, w, h);
    };
    return { canvas, draw };
  }

  /** @type {Film} */
  async function film(shown, name, what) {
    const [type, suffix] = KINDS.find(([kind]) => globalThis.MediaRecorder?.isTypeSupported(kind)) ?? [];
    if (busy) return;
    if (!type) return painter.say("This browser cannot record a video", true);
    busy = true;
    try {
      const { canvas, draw } = stage();
      const seconds = Math.ceil((shown.reduce((sum, { ms }) => sum + ms, 0) + LAST_MS) / 1000);
      painter.say(`Recording the ${what}, ${seconds} s; you can go on painting`);
      const video = await record(canvas, draw, shown, type);
      downloadBlob(video, `${name}.${suffix}`);
      painter.say(`${what[0].toUpperCase()}${what.slice(1)} saved`);
    } catch (error) {
      painter.say(`The ${what} was not recorded: ${reason(error)}`, true);
    } finally {
      busy = false;
    }
  }

  async function save() {
    const shown = frames.all.map((frame) => ({ ...frame, ms: FRAME_MS }));
    if (shown.length < 2) return painter.say("Paint something first: there is nothing to show yet");
    await film(shown, "citygan-timelapse", "time-lapse");
  }

  return {
    /** @param {Shot} shot */
    add: ({ photo, map }) => {
      const [width, height] = sizeOf(map);
      const small = { ids: resample(map, width, height), width, height };
      frames.add({ photo, map: small, aspect: map.width / map.height });
    },
    save,
    film,
  };
}
