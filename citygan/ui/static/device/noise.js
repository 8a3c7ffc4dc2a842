/**
 * The random numbers that torch draws on a CPU, so that a seed makes the same photo here as on the server.
 *
 * As `at::CPUGeneratorImpl` and `normal_fill` of PyTorch do it: a Mersenne Twister (Matsumoto and Nishimura
 * 1998), and Box-Muller.
 */

const SIZE = 624;
const SHIFT = 397;
const BLOCK = 16; // values that are drawn together; fewer are drawn one by one, in double precision

/** `torch.Generator().manual_seed(seed)`. */
export class TorchRandom {
  #state = new Uint32Array(SIZE);
  #at = SIZE;
  /** @type {number | null} the second value of a pair that was drawn in double precision */
  #second = null;

  /** @param {number} seed a whole number from 0; its lowest 32 bits count */
  constructor(seed) {
    this.#state[0] = seed; // modulo 2 ** 32
    for (let i = 1; i < SIZE; i++) {
      const before = this.#state[i - 1];
      this.#state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
    }
  }

  /** `torch.randn`. @param {number} count @returns {Float32Array<ArrayBuffer>} */
  normal(count) {
    const drawn = new Float32Array(count);
    if (count < BLOCK) return drawn.map(() => this.#nextNormal());
    for (let i = 0; i < count; i++) drawn[i] = this.#uniform();
    for (let i = 0; i + BLOCK <= count; i += BLOCK) boxMuller(drawn.subarray(i, i + BLOCK));
    if (count % BLOCK) {
      // the last ones anew, some of them a second time
      const last = drawn.subarray(count - BLOCK);
      for (let i = 0; i < BLOCK; i++) last[i] = this.#uniform();
      boxMuller(last);
    }
    return drawn;
  }

  /** @returns {number} in [0, 1), 24 bits */
  #uniform() {
    return (this.#bits() & 0xffffff) / 2 ** 24;
  }

  /** @returns {number} in [0, 1), 53 bits */
  #uniformDouble() {
    const high = this.#bits() & 0x1fffff;
    return (high * 2 ** 32 + this.#bits()) / 2 ** 53;
  }

  #nextNormal() {
    if (this.#second !== null) {
      const value = this.#second;
      this.#second = null;
      return value;
    }
    const angle = 2 * Math.PI * this.#uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniformDouble()));
    this.#second = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** @returns {number} 32 random bits, unsigned */
  #bits() {
    if (this.#at === SIZE) this.#twist();
    let y = this.#state[this.#at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist() {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const both = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff);
      state[i] = state[(i + SHIFT) % SIZE] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }
}

/** Turns 16 uniform values into normal ones, in place. @param {Float32Array} block */
function boxMuller(block) {
  for (let i = 0; i < BLOCK / 2; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - block[i]));
    const angle = 2 * Math.PI * block[i + BLOCK / 2];
    block[i] = radius * Math.cos(angle);
    block[i + BLOCK / 2] = radius * Math.sin(angle);
  }
}
