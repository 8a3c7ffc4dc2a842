/** The page without a server: the studio, and a generator that runs in this browser. `index.html` loads it. */

import { accepted, reason } from "../core/server.js";
import { DeviceEngine } from "../device/engine.js";
import { mount } from "../main.js";
import { buildServer } from "./server.js";

/** @import { ColorTable, ValueReading } from "./labels.js" */
/** @import { Reading } from "./light.js" */
/** @import { Backend, DeviceParts, Props } from "../types.js" */

/**
 * `page.json`, which static_space.py writes; addresses in it are relative to the page's, those of `parts` to its
 * modules'.
 * @typedef {object} PageFile
 * @property {Omit<Props, "value">} props
 * @property {DeviceParts} parts
 * @property {string} facts about the checkpoint, for people
 * @property {string} start the street that is there at the beginning
 * @property {Record<string, string>} streets the file of each
 * @property {string[]} random_streets files; their places are the seeds
 * @property {ColorTable[]} color_tables
 * @property {ValueReading[]} readings
 * @property {Reading | null} picture_light null where the checkpoint is told no light
 * @property {number[]} percentiles of SSIM
 * @property {string} percentiles_of
 */

/** @param {string} url relative to the page's */
const absolute = (url) => new URL(url, document.baseURI).href;

/** @param {string} url */
async function getJson(url) {
  const response = await fetch(absolute(url));
  if (!response.ok) throw new Error(`${url} did not arrive (${response.status})`);
  return response.json();
}

/** @param {string} id */
function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no ${id}`);
  return node;
}

/**
 * Opens the generator, and tells how far that is.
 * @param {DeviceParts} parts
 * @param {Backend | null} prefer
 */
async function openEngine(parts, prefer) {
  const state = byId("cg-engine");
  /** @param {number} loaded @param {number} total */
  const onProgress = (loaded, total) => {
    const [done, all] = [loaded, total].map((bytes) => (bytes / 2 ** 20).toFixed(0));
    state.textContent =
      loaded < total ? `Loading the generator: ${done} of ${all} MiB` : "Starting the generator";
  };
  try {
    const engine = await DeviceEngine.open(parts, { onProgress, prefer });
    state.textContent = `runs on this device (${engine.backend === "webgpu" ? "WebGPU" : "WebAssembly"})`;
    return engine;
  } catch (error) {
    if (prefer === null) return openEngine(parts, "wasm"); // a browser may promise more than it can do
    state.textContent = "no photos";
    throw new Error(`This device cannot make photos: ${reason(error)}`);
  }
}

function followColors() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}

async function main() {
  followColors();
  /** @type {PageFile} */
  const page = await getJson("page.json");
  byId("cg-facts").textContent = page.facts;
  const server = buildServer(page, (prefer) => openEngine(page.parts, prefer), getJson);
  const { map } = accepted(await server.street({ name: page.start, seed: null }));
  const nothing = () => {};
  await mount(byId("cg-canvas"), { ...page.props, value: map }, server, nothing, nothing);
}

main().catch((error) => {
  byId("cg-canvas").textContent = `The page could not be loaded: ${reason(error)}. Reload it.`;
  console.error(error);
});
