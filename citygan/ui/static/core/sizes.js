/** The sizes of maps that have another shape than the canvas begins with: of their canvas, and of their photo. */

/** @typedef {{width: number, height: number}} Size */

const MAX_RATIO = 3; // of the longer side to the shorter one, as in shape.py
const SAME = 1.02; // shapes that differ by less are one
const MOST = 1.25; // times the pixels that the canvas begins with
const NEARLY = 0.8; // of the possible scale, from which on whole steps are taken: each pixel is as large as the next

/** How many times wider one shape is than another. @param {Size} one @param {Size} other */
export function widerThan(one, other) {
  return (one.width * other.height) / (one.height * other.width);
}

/** Whether two shapes are the same to the eye. @param {Size} one @param {Size} other */
export function alike(one, other) {
  const wider = widerThan(one, other);
  return Math.max(wider, 1 / wider) < SAME;
}

/**
 * The size at which a map lies on the canvas: that of the usual canvas if it has its shape, else its own shape and
 * about as many pixels.
 * @param {Size} map
 * @param {Size} usual
 * @returns {Size}
 * @throws {RangeError} it is a strip
 */
export function canvasSize({ width, height }, usual) {
  if (Math.max(width, height) > MAX_RATIO * (Math.min(width, height) + 1)) {
    // a pixel is what rounding takes
    throw new RangeError(
      `it is ${width} x ${height}; one side has at most three times the pixels of the other`,
    );
  }
  if (alike({ width, height }, usual)) return { width: usual.width, height: usual.height };
  const possible = Math.sqrt((MOST * usual.width * usual.height) / (width * height));
  const whole = possible >= 1 ? Math.floor(possible) : 1 / Math.ceil(1 / possible);
  const scale = whole >= NEARLY * possible ? whole : possible;
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

/**
 * The size at which the generator draws a map, `photo_size` in shape.py.
 * @param {[number, number][]} sizes width and height of each that it draws at, the one for the usual canvas first
 * @param {Size} map
 * @param {Size} usual
 * @returns {[number, number]}
 */
export function photoSize(sizes, map, usual) {
  const wanted = (widerThan(map, usual) * sizes[0][0]) / sizes[0][1];
  /** @param {[number, number]} size */
  const off = ([width, height]) => Math.abs(Math.log(width / height / wanted));
  return sizes.reduce((best, size) => (off(size) < off(best) ? size : best));
}
