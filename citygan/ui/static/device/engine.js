/** Photos made on this device: the page's side of `worker.js`. */

/** @import { Backend, DeviceParts, PhotoAnswer, PhotoRequest, Refusal, RemoteFile } from "../types.js" */
/** @import { Bytes } from "../core/wire.js" */

/** Bytes that have come, of how many. @typedef {(loaded: number, total: number) => void} OnProgress */
/** RGBA of a photo without loss. @typedef {{data: Bytes, width: number, height: number}} Pixels */

/** A generator in a worker of this browser. `open` makes one. */
export class DeviceEngine {
  #worker;
  /** @type {Backend} */
  #backend = "wasm";
  /** @type {OnProgress} */
  #onProgress;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  #calls = 0;

  /** @param {OnProgress} onProgress */
  constructor(onProgress) {
    this.#onProgress = onProgress;
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => this.#heard(data));
    this.#worker.addEventListener("error", (event) => {
      event.preventDefault(); // it is told to who waits
      this.#fail(new Error(event.message || "its files could not be loaded"));
    });
  }

  /**
   * Fetches what is not here yet, and gets ready.
   * @param {DeviceParts} parts
   * @param {{onProgress?: OnProgress, prefer?: Backend | null}} [options] prefer: the backend to use; by default
   *   WebGPU where there is one, else WebAssembly
   * @returns {Promise<DeviceEngine>}
   * @throws {Error} something does not arrive, or does not run here
   */
  static async open(parts, { onProgress = () => {}, prefer = null } = {}) {
    const engine = new DeviceEngine(onProgress);
    try {
      engine.#backend = await engine.#ask("open", { parts: located(parts), prefer });
    } catch (error) {
      engine.close();
      throw error;
    }
    return engine;
  }

  /** What computes. @returns {Backend} */
  get backend() {
    return this.#backend;
  }

  /**
   * The photo of a map, as `Server["render"]` answers, without scores: nobody here knows the target.
   * @param {PhotoRequest} request
   * @returns {Promise<PhotoAnswer | Refusal>} a refusal where the request asks for what the checkpoint does not
   *   know
   * @throws {Error} this device failed
   */
  render(request) {
    return this.#ask("render", { request });
  }

  /** The same photo without loss. @param {PhotoRequest} request @returns {Promise<Pixels & Partial<Refusal>>} */
  pixels(request) {
    return this.#ask("pixels", { request });
  }

  /** Lets go of all of it; who still waits is told. */
  close() {
    this.#fail(new Error("this device was let go"));
    this.#worker.terminate();
  }

  /** @param {string} call @param {object} fields @returns {Promise<any>} */
  #ask(call, fields) {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, ...fields });
    });
  }

  /** @param {{id: number, answer?: any, failure?: string, progress?: [number, number]}} message */
  #heard({ id, answer, failure, progress }) {
    if (progress) return this.#onProgress(...progress);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(failure));
  }

  /** @param {Error} error */
  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

const MODULES = new URL("..", import.meta.url);

/** The same with absolute URLs, which the worker needs. @param {DeviceParts} parts @returns {DeviceParts} */
function located(parts) {
  /** @param {string} url */
  const absolute = (url) => new URL(url, MODULES).href;
  /** @param {RemoteFile} file */
  const remote = (file) => ({ ...file, url: absolute(file.url) });
  const runtime = /** @type {DeviceParts["runtime"]} */ (
    Object.fromEntries(
      Object.entries(parts.runtime).map(([backend, { script, binary }]) => [
        backend,
        { script: absolute(script), binary: remote(binary) },
      ]),
    )
  );
  return { ...parts, graph: remote(parts.graph), weights: remote(parts.weights), runtime };
}
