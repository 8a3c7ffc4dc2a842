/** What a graph takes for one photo: the counterpart of `Synthesizer` up to its engine, in synthesizer.py. */

import { resample } from "../core/shapes.js";
import { decodeMap } from "../core/wire.js";
import { TorchRandom } from "./noise.js";

/** @import { Again } from "../core/again.js" */
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
   * @param {Again | null} [again] regions with seeds of their own
   * @returns {Record<string, Drawn>} by the names of the graph's inputs
   * @throws {RangeError} the checkpoint does not know that light
   */
  inputs(map, seed, light, again = null) {
    const { width, height } = this.#info;
    const ids = replaceUnseen(resample(map, width, height), this.#info.substitutes);
    const plain = this.#drawNoise(seed ?? this.#info.noise_seed);
    const noise = again ? this.#noiseOfRegions(plain, again) : plain;
    return {
      ids: { data: ids, dims: [1, height, width] },
      ...Object.fromEntries(noise.map((drawn, i) => [`noise.${i}`, drawn])),
      ...this.#lit(seed, light),
    };
  }

  /**
   * `noise_of_regions` in again.py.
   * @param {Drawn[]} planes
   * @param {Again} again
   * @returns {Drawn[]}
   */
  #noiseOfRegions(planes, { plane, seeds }) {
    const { width, height } = this.#info;
    const numbers = resample(decodeMap(plane), width, height);
    const of = seeds.map((seed) => this.#drawNoise(seed));
    return planes.map(({ data, dims }, i) => {
      const shares = seeds.map((_, k) => pooled(numbers, k + 1, width, height, dims));
      const mixed = Float32Array.from(data, (value, at) => {
        const rest = 1 - shares.reduce((sum, share) => sum + share[at], 0);
        const power = shares.reduce((sum, share) => sum + share[at] ** 2, rest ** 2);
        const total = shares.reduce((sum, share, k) => sum + share[at] * of[k][i].data[at], rest * value);
        return total / Math.sqrt(power);
      });
      return { data: mixed, dims };
    });
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
 * What share of each pixel of a smaller plane has a number.
 * @param {Uint8Array} numbers
 * @param {number} wanted
 * @param {number} width
 * @param {number} height
 * @param {number[]} dims of the plane, whose sides divide those of the numbers
 */
function pooled(numbers, wanted, width, height, [, , rows, columns]) {
  const [down, across] = [height / rows, width / columns];
  const shares = new Float32Array(rows * columns);
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] !== wanted) continue;
    const [y, x] = [Math.floor(i / width), i % width];
    shares[Math.floor(y / down) * columns + Math.floor(x / across)] += 1 / (down * across);
  }
  return shares;
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
