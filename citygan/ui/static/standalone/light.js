/** The light of any picture: the counterpart of `Light.of_picture` in light.py. */

/** @import { Rgba } from "./labels.js" */

/**
 * What a checkpoint says of light, four numbers of a whole photo first.
 * @typedef {object} Reading
 * @property {number[]} mean of the training photos
 * @property {number[]} deviation
 * @property {number[][]} others a row for each of the four: what the other numbers most likely are
 */

/**
 * The mean and the deviation of luma, and the means of the blue and the red difference; then what the rest most
 * likely is, though nobody knows the classes of the picture.
 * @param {Rgba} picture
 * @param {Reading} reading
 * @returns {number[]}
 */
export function lightOf({ data, width, height }, { mean, deviation, others }) {
  const count = width * height;
  const sums = { luma: 0, squares: 0, blue: 0, red: 0 };
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue] = [0, 1, 2].map((channel) => data[at + channel] / 127.5 - 1);
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    sums.luma += luma;
    sums.squares += luma * luma;
    sums.blue += blue - luma;
    sums.red += red - luma;
  }
  const luma = sums.luma / count;
  const variance = Math.max(0, sums.squares / count - luma * luma);
  const measured = [luma, Math.sqrt(variance + 1e-8), sums.blue / count, sums.red / count];
  const seen = measured.map((value, i) => (value - mean[i]) / deviation[i]);
  const rest = others[0].map((_, k) => seen.reduce((sum, value, i) => sum + value * others[i][k], 0));
  return [...seen, ...rest];
}
