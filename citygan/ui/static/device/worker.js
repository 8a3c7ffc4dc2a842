/** The generator in a worker of its own: ONNX Runtime runs a checkpoint's graph. `engine.js` talks to it. */

import { reason } from "../core/server.js";
import { crc32, decodeMap, toBase64 } from "../core/wire.js";
import { alike } from "./check.js";
import { Drawing } from "./drawing.js";
import { fetchAll } from "./files.js";
import { hasWebGPU } from "./webgpu.js";

/** @import { Backend, DeviceParts, PhotoAnswer, PhotoRequest, Refusal } from "../types.js" */
/** @import { Pixels } from "./engine.js" */
/** @import { Drawn } from "./drawing.js" */

const MOST_THREADS = 4; // more wait for each other
const JPEG_QUALITY = 1; // at which Chromium keeps the colours at full size, as the server does

/** What is used of ONNX Runtime. @typedef {{dispose: () => void, data: Float32Array}} Tensor */
/**
 * @typedef {object} Session
 * @property {string[]} inputNames
 * @property {(inputs: Record<string, Tensor>) => Promise<{photo: Tensor}>} run
 */
/**
 * @typedef {object} Runtime
 * @property {{wasm: {numThreads: number, wasmBinary: ArrayBuffer}, webgpu: {device: Promise<any>},
 *   logLevel: string}} env
 * @property {{create: (graph: Uint8Array, options: object) => Promise<Session>}} InferenceSession
 * @property {new (type: string, data: ArrayBufferView, dims: number[]) => Tensor} Tensor
 */

/** @typedef {{ort: Runtime, session: Session, drawing: Drawing, size: [number, number]}} Opened */
/** @type {Opened | null} */
let opened = null;
/** @type {Promise<never>} which is rejected when the graphics device goes away */
let lost = new Promise(() => {});

/**
 * @param {{parts: DeviceParts, prefer: Backend | null}} wanted
 * @returns {Promise<Backend>}
 */
async function open({ parts, prefer }) {
  if (prefer) return openWith(prefer, parts);
  try {
    if (await hasWebGPU()) return await openWith("webgpu", parts);
  } catch {} // there may be a way without graphics
  return openWith("wasm", parts);
}

/** @param {Backend} backend @param {DeviceParts} parts */
async function openWith(backend, parts) {
  const { script, binary } = parts.runtime[backend];
  const [graph, weights, wasm] = await fetchAll([parts.graph, parts.weights, binary], (loaded, total) =>
    postMessage({ progress: [loaded, total] }),
  );
  /** @type {Runtime} */
  const ort = await import(script);
  ort.env.logLevel = "error";
  ort.env.wasm.wasmBinary = wasm.buffer;
  ort.env.wasm.numThreads = self.crossOriginIsolated
    ? Math.min(MOST_THREADS, navigator.hardwareConcurrency)
    : 1;
  const session = await ort.InferenceSession.create(graph, {
    executionProviders: [backend],
    externalData: [{ path: parts.info.weights_name, data: weights }],
    logSeverityLevel: 3, // errors
  });
  if (backend === "webgpu") watch(await ort.env.webgpu.device);
  const { width, height, check } = parts.info;
  /** @type {Opened} */
  const made = { ort, session, drawing: new Drawing(parts.info), size: [width, height] };
  if (backend === "webgpu") {
    // The first photo compiles shaders; and graphics devices have drawn wrong ones
    const planes = await run(made, made.drawing.inputs(decodeMap(check.map), null, null));
    if (!alike(planes, made.size, check)) throw new Error("this graphics device draws other photos");
  }
  opened = made;
  return backend;
}

/** @param {{lost: Promise<{message: string}>} | undefined} device */
function watch(device) {
  lost = new Promise((_, reject) => {
    device?.lost.then(({ message }) => reject(new Error(`the graphics device is gone: ${message}`)));
  });
  lost.catch(() => {}); // who waits for a photo hears of it
}

/** @param {{request: PhotoRequest}} wanted @returns {Promise<Pixels | Refusal>} */
async function pixels({ request: { map, seed, light, again } }) {
  if (!opened) throw new Error("nothing is open");
  /** @type {Record<string, Drawn>} */
  let inputs;
  try {
    inputs = opened.drawing.inputs(decodeMap(map), seed, light, again);
  } catch (error) {
    return { error: reason(error) };
  }
  const [width, height] = opened.size;
  return { data: toRgba(await run(opened, inputs)), width, height };
}

/** @param {Opened} opened @param {Record<string, Drawn>} drawn @returns {Promise<Float32Array>} planes in [-1, 1] */
async function run({ ort, session }, drawn) {
  const inputs = session.inputNames.map((name) => [name, tensor(ort, name, drawn[name])]);
  const { photo } = await Promise.race([session.run(Object.fromEntries(inputs)), lost]);
  const planes = photo.data.slice();
  photo.dispose();
  return planes;
}

/** @param {Runtime} ort @param {string} name @param {Drawn | undefined} drawn */
function tensor(ort, name, drawn) {
  if (!drawn) throw new Error(`the graph asks for ${name}, which the page does not know`);
  return new ort.Tensor(drawn.data instanceof Int32Array ? "int32" : "float32", drawn.data, drawn.dims);
}

/** `to_pixels`: planes in [-1, 1] -> bytes, pixel by pixel. @param {Float32Array} planes */
function toRgba(planes) {
  const count = planes.length / 3;
  const out = new Uint8ClampedArray(4 * count); // which rounds
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) out[4 * i + c] = (planes[c * count + i] + 1) * 127.5;
    out[4 * i + 3] = 255;
  }
  return new Uint8Array(out.buffer);
}

/** @param {number} width @param {number} height */
function sheet(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new Error("this browser draws no pictures in a worker");
  return { canvas, context };
}

/**
 * A photo in the shape of its map, where that is not the one that the graph draws.
 * @param {OffscreenCanvas} photo
 * @param {{width: number, height: number}} size
 */
function enlarged(photo, { width, height }) {
  const { canvas, context } = sheet(width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(photo, 0, 0, width, height);
  return canvas;
}

/** @param {{request: PhotoRequest}} wanted @returns {Promise<PhotoAnswer | Refusal>} */
async function render({ request }) {
  const made = await pixels({ request });
  if (!("data" in made)) return made;
  const { data, width, height } = made;
  const { map } = request;
  const { canvas, context } = sheet(width, height);
  context.putImageData(new ImageData(new Uint8ClampedArray(data.buffer), width, height), 0, 0);
  const inShape = width === map.width && height === map.height ? canvas : enlarged(canvas, map);
  const blob = await inShape.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY });
  const photo = `data:${blob.type};base64,${toBase64(new Uint8Array(await blob.arrayBuffer()))}`;
  const sum = crc32(decodeMap(map).ids);
  const size = { width: map.width, height: map.height };
  return { photo, ...size, map_crc32: sum, seed: request.seed, scores: null, target_missing: false };
}

const CALLS = { open, pixels, render };

addEventListener("message", async ({ data: { id, call, ...wanted } }) => {
  try {
    postMessage({ id, answer: await CALLS[/** @type {keyof typeof CALLS} */ (call)](wanted) });
  } catch (error) {
    postMessage({ id, failure: reason(error) });
  }
});
