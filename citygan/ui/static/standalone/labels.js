/** The label map of a picture whose colours or values are exact: a small part of `read_label_map` in label_maps.py. */

/** @import { Bytes } from "../core/wire.js" */

/** @typedef {{data: Uint8ClampedArray | Bytes, width: number, height: number}} Rgba row by row, as `ImageData` */

/**
 * What grey values may stand for, `describe` in readings.py.
 * @typedef {object} ValueReading
 * @property {string} key
 * @property {string} name
 * @property {(number | null)[]} classes of 256 values; null where it is none
 * @property {number[][]} log_shares how likely a pixel of each value is in the upper, middle and lower third
 */

/** Colours of a data set, `describe` in colormaps.py; `classes` by colour. @typedef {{key: string, name: string, classes: Record<number, number>}} ColorTable */

/**
 * @param {Rgba} picture
 * @param {boolean} lossless whether the file keeps values as they were saved
 * @param {ColorTable[]} tables those of the classes first
 * @param {ValueReading[]} readings
 * @param {string} [readAs] the key of the reading that is wanted, and not the likeliest one
 * @returns {{ids: Bytes, kind: string, readings: {key: string, name: string}[]}} how it was read, and then how else
 *   it could be
 * @throws {Error} it has other colours, or values that are no classes
 */
export function readLabels(picture, lossless, tables, readings, readAs) {
  const colors = packed(picture);
  const found = [...new Set(colors)];
  const fit = tables.filter(({ classes }) => found.every((color) => color in classes));
  const table = fit.find(({ key }) => key === readAs) ?? fit[0];
  if (table) {
    const ids = Uint8Array.from(colors, (color) => table.classes[color]);
    const kind = table === tables[0] ? "a colour map" : table.name;
    return { ids, kind, readings: named(table, fit) };
  }
  const grey = found.every((color) => color === (color & 255) * 0x10101);
  if (!grey || !lossless) {
    const others = found.filter((color) => !tables.some(({ classes }) => color in classes)).length;
    const strange = others ? `${others.toLocaleString()} of its colours are` : "its colours together are";
    throw new Error(
      `${strange} none of a class; the app with a server takes the nearest ones and finds maps in photos, this ` +
        "page takes exact colours alone, or ids in a PNG",
    );
  }
  const values = Uint8Array.from(colors, (color) => color & 255);
  const fitting = likeliestFirst(values, readings);
  const chosen = fitting.find(({ key }) => key === readAs) ?? fitting[0];
  if (!chosen) {
    const strange = values.find((value) => readings.every(({ classes: of }) => of[value] === null));
    throw new Error(
      strange === undefined
        ? "its values belong to no one list of classes"
        : `its grey value ${strange} is no class`,
    );
  }
  return {
    ids: values.map((value) => chosen.classes[value] ?? 0),
    kind: chosen.name,
    readings: named(chosen, fitting),
  };
}

/**
 * What a file was read as, and then how else it could be.
 * @param {{key: string, name: string}} chosen
 * @param {{key: string, name: string}[]} fitting
 */
function named(chosen, fitting) {
  const rest = fitting.filter((one) => one !== chosen);
  return [chosen, ...rest].map(({ key, name }) => ({ key, name }));
}

/** Pixels as numbers, red first; those more than half transparent are black. @param {Rgba} picture */
function packed({ data, width, height }) {
  const colors = new Int32Array(width * height);
  for (let i = 0, at = 0; i < colors.length; i++, at += 4) {
    if (data[at + 3] >= 128) colors[i] = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
  }
  return colors;
}

/** `possible` in readings.py. @param {Bytes} values row by row @param {ValueReading[]} readings */
function likeliestFirst(values, readings) {
  const fitting = readings.filter(({ classes }) => values.every((value) => classes[value] !== null));
  /** @param {ValueReading} reading */
  const plausibility = ({ log_shares }) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += log_shares[Math.floor((3 * i) / values.length)][values[i]];
    return sum;
  };
  const scores = new Map(fitting.map((reading) => [reading, plausibility(reading)]));
  return fitting.sort((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0));
}
