/** The label map of a picture whose colours or values are exact: a small part of `read_label_map` in images.py. */

/** @import { Bytes } from "../core/wire.js" */
/** @import { LabelClass } from "../types.js" */

/** @typedef {{data: Uint8ClampedArray | Bytes, width: number, height: number}} Rgba row by row, as `ImageData` */

/**
 * What grey values stand for.
 * @typedef {object} Tables
 * @property {(number | null)[]} ids of 256 values: the class that is drawn for a label id; null where it is none
 * @property {(number | null)[]} train_ids the same for train ids
 * @property {number[]} ground label ids that streets have below
 * @property {number[]} ground_train_ids the same as train ids
 */

const LAST_TRAIN_ID = 18;
const IGNORED = 255;

/**
 * @param {Rgba} picture
 * @param {boolean} lossless whether the file keeps values as they were saved
 * @param {LabelClass[]} classes
 * @param {Tables} tables
 * @returns {{ids: Bytes, kind: string}}
 * @throws {Error} it has other colours, or values that are no classes
 */
export function readLabels(picture, lossless, classes, tables) {
  const colors = packed(picture);
  const byColor = new Map(classes.map(({ id, color: [r, g, b] }) => [(r << 16) | (g << 8) | b, id]));
  const found = [...new Set(colors)];
  const others = found.filter((color) => !byColor.has(color));
  if (!others.length)
    return { ids: Uint8Array.from(colors, (c) => byColor.get(c) ?? 0), kind: "a colour map" };
  const grey = found.every((color) => color === (color & 255) * 0x10101);
  if (!grey || !lossless) {
    throw new Error(
      `${others.length.toLocaleString()} of its colours are none of a class; the app with a server takes the ` +
        "nearest ones, this page takes exact ones alone, or label ids in a PNG",
    );
  }
  const values = Uint8Array.from(colors, (color) => color & 255);
  const trained = areTrainIds(values, tables);
  const table = trained ? tables.train_ids : tables.ids;
  const strange = [...new Set(values)].filter((value) => table[value] === null);
  if (strange.length) throw new Error(`its grey value ${strange[0]} is no class`);
  const kind = trained ? "Cityscapes train ids" : "Cityscapes label ids";
  return { ids: values.map((value) => table[value] ?? 0), kind };
}

/** Pixels as numbers, red first; those more than half transparent are black. @param {Rgba} picture */
function packed({ data, width, height }) {
  const colors = new Int32Array(width * height);
  for (let i = 0, at = 0; i < colors.length; i++, at += 4) {
    if (data[at + 3] >= 128) colors[i] = (data[at] << 16) | (data[at + 1] << 8) | data[at + 2];
  }
  return colors;
}

/** As in images.py, where no file name helps. @param {Bytes} values @param {Tables} tables */
function areTrainIds(values, { ground, ground_train_ids }) {
  if (values.some((value) => value > LAST_TRAIN_ID && value !== IGNORED)) return false;
  if (values.includes(IGNORED)) return true;
  const below = values.subarray(-Math.max(1, Math.floor(values.length / 4)));
  /** @param {number[]} ids */
  const count = (ids) => below.filter((value) => ids.includes(value)).length;
  return count(ground_train_ids) > count(ground);
}
