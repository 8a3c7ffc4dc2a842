/** The light that a photo is drawn in. */

export const NUMBERS = 8; // of a light, see light.py
export const MOST = 3; // how far brightness and warmth go, MAX_CHANGE in synthesis/lighting.py

/**
 * As the server takes it; null stands for the light that the map suggests.
 * @typedef {object} Light
 * @property {string | number[] | null} light a name, or the numbers of a picture; null is what the map suggests
 * @property {number} brightness
 * @property {number} warmth
 */

/** @type {Readonly<Light>} */
export const SUGGESTED = Object.freeze({ light: null, brightness: 0, warmth: 0 });

/** A light that asks for nothing is none. @param {Light} light @returns {Light | null} */
export function asked(light) {
  return light.light === null && !light.brightness && !light.warmth ? null : light;
}

/**
 * What a document or a link says of the light; one that cannot be counts as none.
 * @param {any} value
 * @returns {Light | null}
 */
export function checkedLight(value) {
  const { light = null, brightness = 0, warmth = 0 } = value ?? {};
  /** @param {any} number @param {number} most */
  const possible = (number, most) => typeof number === "number" && Math.abs(number) <= most;
  const numbers = Array.isArray(light) && light.length === NUMBERS && light.every((n) => possible(n, 100));
  const named = typeof light === "string" && light.length <= 64;
  if (light !== null && !numbers && !named) return null;
  if (!possible(brightness, MOST) || !possible(warmth, MOST)) return null;
  return asked({ light, brightness, warmth });
}

/** For people, for example "dusk, warmer". @param {Light | null} light */
export function describeLight(light) {
  if (!light) return "";
  const words = typeof light.light === "string" ? [light.light] : light.light ? ["as in a photo"] : [];
  if (light.brightness) words.push(light.brightness > 0 ? "brighter" : "darker");
  if (light.warmth) words.push(light.warmth > 0 ? "warmer" : "cooler");
  return words.join(", ");
}
