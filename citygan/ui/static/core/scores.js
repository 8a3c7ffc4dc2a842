/**
 * How near a photo is to its target: the counterpart of `compare` in metrics.py.
 *
 * SSIM is that of torchmetrics, with its definition there: RGB in [0, 1], data range 1, a Gaussian window of
 * 11 px with sigma 1.5, the mean over all pixels of the pictures, which are reflected beyond their borders.
 */

const REACH = 5; // of the window to each side
const SIGMA = 1.5;
const C1 = 0.01 ** 2;
const C2 = 0.03 ** 2;
const MOST_PSNR_DB = 99; // MAX_PSNR_DB in live.py

const WINDOW = (() => {
  const raw = Array.from({ length: 2 * REACH + 1 }, (_, i) => Math.exp(-(((i - REACH) / SIGMA) ** 2) / 2));
  const sum = raw.reduce((a, b) => a + b);
  return raw.map((value) => value / sum);
})();

/** @typedef {import("./wire.js").Bytes} Bytes */
/** @typedef {{pixels: Bytes, width: number, height: number}} Picture red, green and blue, row by row */

/**
 * @param {Picture} photo
 * @param {Picture} target of the same size
 * @returns {{ssim: number, psnr: number, map: Float32Array<ArrayBuffer>}} the map has the SSIM of each pixel
 * @throws {RangeError} the sizes differ, or are below 11 px
 */
export function compare(photo, target) {
  const { width, height } = photo;
  if (width !== target.width || height !== target.height) {
    throw new RangeError(
      `a photo of ${width} x ${height} and a target of ${target.width} x ${target.height}`,
    );
  }
  if (Math.min(width, height) < WINDOW.length) {
    throw new RangeError(`SSIM needs photos of at least ${WINDOW.length} px, got ${width} x ${height}`);
  }
  const map = new Float32Array(width * height);
  for (let channel = 0; channel < 3; channel++) {
    const one = ssimOf(plane(photo, channel), plane(target, channel), width, height);
    for (let i = 0; i < map.length; i++) map[i] += one[i] / 3;
  }
  const ssim = map.reduce((sum, value) => sum + value, 0) / map.length;
  return { ssim, psnr: psnr(photo.pixels, target.pixels), map };
}

/** @param {Bytes} a @param {Bytes} b */
function psnr(a, b) {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i] - b[i]) ** 2;
  return Math.min(MOST_PSNR_DB, 10 * Math.log10((255 ** 2 * a.length) / squares));
}

/** @param {Picture} picture @param {number} channel */
function plane({ pixels, width, height }, channel) {
  return Float32Array.from({ length: width * height }, (_, i) => pixels[3 * i + channel] / 255);
}

/**
 * The SSIM of each pixel of one channel.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} width
 * @param {number} height
 */
function ssimOf(a, b, width, height) {
  const products = [a, b, a.map((v) => v * v), b.map((v) => v * v), a.map((v, i) => v * b[i])];
  const [ma, mb, aa, bb, ab] = products.map((values) => blurred(values, width, height));
  return ma.map((x, i) => {
    const y = mb[i];
    const varianceA = Math.max(0, aa[i] - x * x);
    const varianceB = Math.max(0, bb[i] - y * y);
    const covariance = ab[i] - x * y;
    return ((2 * x * y + C1) * (2 * covariance + C2)) / ((x * x + y * y + C1) * (varianceA + varianceB + C2));
  });
}

/**
 * The mean over the window around each pixel; beyond the border the picture is reflected.
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} height
 */
function blurred(values, width, height) {
  const rows = new Float64Array(values.length); // what is nearly equal is subtracted later
  const columns = Int32Array.from({ length: width + 2 * REACH }, (_, i) => reflected(i - REACH, width));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < WINDOW.length; k++) sum += WINDOW[k] * values[y * width + columns[x + k]];
      rows[y * width + x] = sum;
    }
  }
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let k = -REACH; k <= REACH; k++) {
      const from = reflected(y + k, height) * width;
      const weight = WINDOW[k + REACH];
      for (let x = 0; x < width; x++) out[y * width + x] += weight * rows[from + x];
    }
  }
  return out;
}

/** @param {number} i @param {number} length */
function reflected(i, length) {
  if (i < 0) return -i;
  return i < length ? i : 2 * (length - 1) - i;
}
