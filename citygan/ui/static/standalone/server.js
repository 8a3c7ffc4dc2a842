/** What `Live` in live.py answers, answered in the page: no server is asked for more than files. */

import { compare } from "../core/scores.js";
import { reason } from "../core/server.js";
import { crc32, decodeMap, encodeMap, fromBase64 } from "../core/wire.js";
import { readLabels } from "./labels.js";
import { lightOf } from "./light.js";
import { isDeep, jpegUrl, opaque, pixelsOf, pngUrl, resized, sideBySide } from "./pictures.js";

/** @import { Picture } from "../core/scores.js" */
/** @import { LabelMap } from "../core/wire.js" */
/** @import { DeviceEngine } from "../device/engine.js" */
/** @import { Backend, Scores, Server } from "../types.js" */
/** @import { PageFile } from "./page.js" */
/** @import { Rgba } from "./labels.js" */

const OPENING_MS = 1000; // of waiting for the engine, before the page is told that it is not ready
const PHOTO_MS = 25_000; // less than `LiveLoop` waits, which would ask for one more
const LOSSY = /^data:image\/(jpeg|webp|avif)/;

/**
 * @param {PageFile} page
 * @param {(prefer: Backend | null) => Promise<DeviceEngine>} open
 * @param {(url: string) => Promise<any>} getJson
 * @returns {Server}
 */
export function buildServer(page, open, getJson) {
  const photos = new Photos(page, open);
  return {
    render: answering((request) => photos.render(request)),
    scores_of: answering(async ({ image, target }) => photos.scores(await pixelsOf(blobOf(image)), target)),
    final_result: answering((request) => photos.files(request)),
    set_target: answering(async ({ image }) => ({ token: photos.setTarget(await pixelsOf(blobOf(image))) })),
    light_of: answering(async ({ image }) => {
      if (!page.picture_light) throw new Error("this checkpoint is told no light");
      return { light: lightOf(await pixelsOf(blobOf(image)), page.picture_light) };
    }),
    street: answering(async ({ name, seed }) => {
      if (name !== null) return { map: await getJson(page.streets[name]), name, seed: null };
      const drawn = seed ?? Math.floor(Math.random() * page.random_streets.length);
      const file = page.random_streets[drawn];
      const last = page.random_streets.length - 1;
      if (!file)
        throw new Error(`this page has those of the seeds 0 to ${last}; the app with a server draws any`);
      return { map: await getJson(file), name: null, seed: drawn };
    }),
    drive: answering(needsServer),
    park: answering(needsServer),
    open_picture: answering(async ({ image, read_as }) => {
      const file = blobOf(image);
      if (await isDeep(file))
        throw new Error("it has 16 bits a value; this page reads 8, the app with a server both");
      const picture = await pixelsOf(file);
      const { width, height } = picture;
      const lossless = !LOSSY.test(image);
      const { ids, kind, readings } = readLabels(
        picture,
        lossless,
        page.color_tables,
        page.readings,
        read_as,
      );
      const report = `Read as ${kind}, ${width} x ${height}.`;
      const map = encodeMap({ ids, width, height }, 0, true);
      return { map, report, readings, predicted: null, target: null, light: null };
    }),
  };
}

/** @returns {Promise<never>} */
async function needsServer() {
  throw new Error("driving needs the app with a server");
}

/**
 * What goes wrong is an answer.
 * @template Request, Answer
 * @param {(request: Request) => Promise<Answer>} answer
 * @returns {(request: Request) => Promise<Answer | {error: string}>}
 */
function answering(answer) {
  return (request) => answer(request).catch((error) => ({ error: reason(error) }));
}

/**
 * @template Value
 * @param {number} ms
 * @param {Promise<Value>} promise
 * @returns {Promise<Value | null>} null where it takes longer
 */
async function within(ms, promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<null>} */
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** @param {string} url data URL */
function blobOf(url) {
  const [head, data] = url.split(",");
  return new Blob([fromBase64(data)], { type: head.slice("data:".length).split(";")[0] });
}

/** The photos, and what they are compared with. */
class Photos {
  #page;
  #open;
  #engine;
  /** @type {{token: string, picture: Rgba} | null} */
  #target = null;
  #targets = 0;
  /** @type {Promise<unknown>} the photo that is being made: one at a time */
  #turn = Promise.resolve();

  /** @param {PageFile} page @param {(prefer: Backend | null) => Promise<DeviceEngine>} open */
  constructor(page, open) {
    this.#page = page;
    this.#open = open;
    this.#engine = this.#opened(null);
  }

  /** @param {Rgba} picture @returns {string} its token */
  setTarget(picture) {
    const token = String(++this.#targets);
    this.#target = { token, picture };
    return token;
  }

  /** @type {Server["render"]} */
  async render(request) {
    if (!(await within(OPENING_MS, this.#engine))) return { busy: true };
    const { map, seed, target } = request;
    if (target === null) return this.#make((engine) => engine.render(request));
    const made = await this.#make((engine) => engine.pixels(request)); // scores are of the photo without loss
    if (made.error !== undefined) return { error: made.error };
    const { width, height } = map;
    const map_crc32 = crc32(decodeMap(map).ids);
    const photo = jpegUrl(await resized(made, width, height));
    return { photo, width, height, seed, map_crc32, ...(await this.scores(made, target)) };
  }

  /** @param {Rgba} photo of the size that the generator sees @param {string} token */
  async scores(photo, token) {
    const compared = await this.#compare(photo, token);
    return { scores: compared?.scores ?? null, target_missing: !compared };
  }

  /** Everything there is to download, without loss. @type {Server["final_result"]} */
  async files(request) {
    const made = await this.#make((engine) =>
      engine.pixels({ ...request, map: request.drawn ?? request.map }),
    );
    if (made.error !== undefined) return { error: made.error };
    const map = decodeMap(request.map);
    const photo = opaque(await resized(made, map.width, map.height));
    const colors = this.#colorMap(map);
    const compared = await this.#compare(made, request.target);
    return {
      photo: await pngUrl(photo),
      pair: await pngUrl(sideBySide(photo, colors)),
      labels_color: await pngUrl(colors),
      labels_ids: await pngUrl({ pixels: map.ids, width: map.width, height: map.height }),
      ssim_map: compared ? await pngUrl(await greyMap(compared.map, made, map)) : "",
    };
  }

  /** @param {Backend | null} prefer */
  #opened(prefer) {
    const engine = this.#open(prefer);
    engine.catch(() => {}); // who asks for a photo hears of it
    return engine;
  }

  /**
   * Makes a photo when its turn comes; where WebGPU fails at it, by WebAssembly from then on.
   * @template Answer
   * @param {(engine: DeviceEngine) => Promise<Answer>} make
   * @returns {Promise<Answer>}
   */
  async #make(make) {
    const made = this.#turn.then(async () => {
      const engine = await this.#engine;
      try {
        return await make(engine);
      } catch (error) {
        if (engine.backend === "wasm") throw error;
        engine.close();
        this.#engine = this.#opened("wasm");
        return make(await this.#engine);
      }
    });
    this.#turn = made.catch(() => {});
    const answer = await within(PHOTO_MS, made);
    if (!answer) throw new Error(`this device takes more than ${PHOTO_MS / 1000} s for a photo`);
    return answer;
  }

  /**
   * @param {Rgba} photo of the size that the generator sees
   * @param {string | null} token
   * @returns {Promise<{scores: Scores, map: Float32Array<ArrayBuffer>} | null>} null without that target
   */
  async #compare(photo, token) {
    if (!this.#target || token !== this.#target.token) return null;
    const target = await resized(this.#target.picture, photo.width, photo.height);
    const { ssim, psnr, map } = compare(opaque(photo), opaque(target));
    const { percentiles, percentiles_of } = this.#page;
    const percentile = percentileOf(ssim, percentiles);
    const percentile_of = percentile === null ? null : percentiles_of;
    return { scores: { ssim, psnr, percentile, percentile_of }, map };
  }

  /** @param {LabelMap} map @returns {Picture} */
  #colorMap({ ids, width, height }) {
    const colors = new Map(this.#page.props.classes.map(({ id, color }) => [id, color]));
    const pixels = new Uint8Array(3 * ids.length);
    for (let i = 0; i < ids.length; i++) pixels.set(colors.get(ids[i]) ?? [0, 0, 0], 3 * i);
    return { pixels, width, height };
  }
}

/**
 * `percentile_of` in scores.py.
 * @param {number} value
 * @param {number[]} distribution its percentiles in even steps
 * @returns {number | null} whole; null without a distribution
 */
export function percentileOf(value, distribution) {
  const last = distribution.length - 1;
  if (last < 1) return null;
  if (value >= distribution[last]) return 100;
  const above = distribution.findIndex((step) => step > value);
  if (above === 0) return 0;
  const [low, high] = [distribution[above - 1], distribution[above]];
  return Math.round((100 * (above - 1 + (value - low) / (high - low))) / last);
}

/**
 * An SSIM map as a grey picture of another size: black 0, white 1.
 * @param {Float32Array} map
 * @param {{width: number, height: number}} from
 * @param {{width: number, height: number}} to
 */
async function greyMap(map, { width, height }, to) {
  const data = new Uint8ClampedArray(4 * map.length).fill(255);
  map.forEach((value, i) => {
    data.fill(value * 255, 4 * i, 4 * i + 3);
  });
  const whole = await resized({ data, width, height }, to.width, to.height);
  const pixels = new Uint8Array(to.width * to.height);
  for (let i = 0; i < pixels.length; i++) pixels[i] = whole.data[4 * i];
  return { pixels, width: to.width, height: to.height };
}
