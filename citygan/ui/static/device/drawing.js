/** What a graph takes for one photo: the counterpart of `Synthesizer` up to its engine, in synthesizer.py. */

import { resample } from "../core/shapes.js";
import { TorchRandom } from "./noise.js";

/** @import { Light } from "../core/light.js" */
/** @import { LabelMap } from "../core/wire.js" */
/** @import { DeviceInfo } from "../types.js" */

/** @typedef {{data: Int32Array | Float32Array, dims: number[]}} Drawn a tensor, before the runtime has it */

const DRAWN = 2; // seeds whose noise is kept: none, and the one at hand

/** The inputs of a checkpoint's graph. */
export class Drawing {
  #info;
  /** @type {Map<number, Drawn[]>} */
  #noise = new Map();

  /** @param {DeviceInfo} info */
  constructor(info) {
    this.#info = info;
  }

  /**
   * @param {LabelMap} map of any size
   * @param {number | null} seed
   * @param {Light | null} light
   * @returns {Record<string, Drawn>} by the names of the graph's inputs
   * @throws {RangeError} the checkpoint does not know that light
   */
  inputs(map, seed, light) {
    const { width, height } = this.#info;
    const ids = replaceUnseen(resample(map, width, height), this.#info.substitutes);
    const noise = this.#drawNoise(seed ?? this.#info.noise_seed);
    return {
      ids: { data: ids, dims: [1, height, width] },
      ...Object.fromEntries(noise.map((drawn, i) => [`noise.${i}`, drawn])),
      ...this.#lit(seed, light),
    };
  }

  /** @param {number} seed */
  #drawNoise(seed) {
    let noise = this.#noise.get(seed);
    if (!noise) {
      const random = new TorchRandom(seed);
      noise = this.#info.noise.map((dims) => ({
        data: random.normal(dims.reduce((product, side) => product * side)),
        dims,
      }));
      if (this.#noise.size === DRAWN) this.#noise.delete([...this.#noise.keys()][0]);
      this.#noise.set(seed, noise);
    }
    return noise;
  }

  /** @param {number | null} seed @param {Light | null} light @returns {Record<string, Drawn>} */
  #lit(seed, light) {
    const known = this.#info.light;
    if (!known) {
      if (light) throw new RangeError(`${this.#info.name} is told no light; leave it out`);
      return {};
    }
    const { light: wanted, brightness, warmth } = light ?? { light: null, brightness: 0, warmth: 0 };
    if (!(Math.max(Math.abs(brightness), Math.abs(warmth)) <= known.most_change)) {
      throw new RangeError(
        `brightness is ${brightness} and warmth ${warmth}; each goes from -${known.most_change} to ${known.most_change}`,
      );
    }
    const code = typeof wanted === "string" ? known.named[wanted] : wanted;
    if (code === undefined) {
      throw new RangeError(
        `the light ${wanted} is unknown; choose one of ${Object.keys(known.named).join(", ")}`,
      );
    }
    // What a seed varies is the guess alone
    const base = code ?? (seed === null ? known.brightness.map(() => 0) : vary(seed, known.spread));
    const told = base.map((value, i) => value + brightness * known.brightness[i] + warmth * known.warmth[i]);
    return {
      light: { data: Float32Array.from(told), dims: [1, told.length] },
      guessed: { data: Float32Array.of(code ? 0 : 1), dims: [1, 1] },
    };
  }
}

/**
 * `palette.replace_unseen`.
 * @param {Uint8Array} ids
 * @param {Record<string, number>} substitutes
 */
export function replaceUnseen(ids, substitutes) {
  const table = Int32Array.from({ length: 256 }, (_, id) => substitutes[id] ?? id);
  return Int32Array.from(ids, (id) => table[id]);
}

/** `Light.vary`. @param {number} seed @param {number[][]} spread @returns {number[]} */
function vary(seed, spread) {
  const drawn = new TorchRandom(seed).normal(spread.length);
  return spread.map((row) => row.reduce((sum, value, i) => sum + value * drawn[i], 0));
}
