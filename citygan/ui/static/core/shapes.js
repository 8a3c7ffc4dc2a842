/**
 * Rasterisers: pure functions from geometry to pixels. Pixel (x, y) covers [x, x + 1) x [y, y + 1) and
 * belongs to a shape when its centre does. Shapes are handed out as spans, `emit(y, x0, x1)`, x1 excluded and
 * not yet clipped.
 */

/** @import { Bytes, LabelMap } from "./wire.js" */
/** @typedef {(y: number, x0: number, x1: number) => void} Emit */

/**
 * Where a round brush of a whole diameter sits so that its pixels are symmetric.
 * @param {number} x
 * @param {number} y
 * @param {number} diameter
 * @returns {[number, number]}
 */
export function snapToPixels(x, y, diameter) {
  return diameter % 2 ? [Math.floor(x) + 0.5, Math.floor(y) + 0.5] : [Math.round(x), Math.round(y)];
}

const EPSILON = 1e-9; // a centre that lies on the edge belongs to the shape

/** @param {number} x */
const firstCentre = (x) => Math.ceil(x - 0.5 - EPSILON);
/** @param {number} x */
const afterCentre = (x) => Math.floor(x - 0.5 + EPSILON) + 1;

/**
 * A round brush drawn from one point to another: the convex hull of two discs, one span a row.
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 * @param {number} diameter in pixels, at least 1
 * @param {Emit} emit
 */
export function stroke(fromX, fromY, toX, toY, diameter, emit) {
  const radius = Math.max(diameter, 1) / 2;
  const [ax, ay] = snapToPixels(fromX, fromY, diameter);
  const [bx, by] = snapToPixels(toX, toY, diameter);
  const length = Math.hypot(bx - ax, by - ay);
  const sides = length ? sideLines(ax, ay, bx, by, radius / length) : [];
  const bottom = afterCentre(Math.max(ay, by) + radius);
  for (let row = firstCentre(Math.min(ay, by) - radius); row < bottom; row++) {
    const y = row + 0.5;
    let left = Infinity;
    let right = -Infinity;
    for (const [cx, cy] of [
      [ax, ay],
      [bx, by],
    ]) {
      const squared = radius * radius - (y - cy) ** 2;
      if (squared < -EPSILON) continue;
      const half = Math.sqrt(Math.max(0, squared));
      left = Math.min(left, cx - half);
      right = Math.max(right, cx + half);
    }
    for (const [px, py, qx, qy] of sides) {
      if (py === qy || y < Math.min(py, qy) || y > Math.max(py, qy)) continue;
      const x = px + ((y - py) / (qy - py)) * (qx - px);
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
    const x0 = firstCentre(left);
    const x1 = afterCentre(right);
    if (x1 > x0) emit(row, x0, x1);
  }
}

/**
 * The two long edges of a capsule.
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 * @param {number} scale its radius over its length
 */
function sideLines(ax, ay, bx, by, scale) {
  const nx = -(by - ay) * scale;
  const ny = (bx - ax) * scale;
  return [
    [ax + nx, ay + ny, bx + nx, by + ny],
    [ax - nx, ay - ny, bx - nx, by - ny],
  ];
}

/**
 * A filled rectangle between two pixels, both inside.
 * @param {number} fromX
 * @param {number} fromY
 * @param {number} toX
 * @param {number} toY
 * @param {Emit} emit
 */
export function rectangle(fromX, fromY, toX, toY, emit) {
  const x0 = Math.floor(Math.min(fromX, toX));
  const x1 = Math.floor(Math.max(fromX, toX)) + 1;
  const bottom = Math.floor(Math.max(fromY, toY));
  for (let y = Math.floor(Math.min(fromY, toY)); y <= bottom; y++) emit(y, x0, x1);
}

/**
 * A filled polygon, even-odd.
 * @param {number[][]} points corners [x, y]
 * @param {Emit} emit
 */
export function polygon(points, emit) {
  const ys = points.map((p) => p[1]);
  const bottom = afterCentre(Math.max(...ys));
  for (let row = firstCentre(Math.min(...ys)); row < bottom; row++) {
    const y = row + 0.5;
    const crossings = [];
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [px, py] = points[i];
      const [qx, qy] = points[j];
      if (py <= y !== qy <= y) crossings.push(px + ((y - py) / (qy - py)) * (qx - px));
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const x0 = firstCentre(crossings[i]);
      const x1 = afterCentre(crossings[i + 1]);
      if (x1 > x0) emit(row, x0, x1);
    }
  }
}

/**
 * The connected region (by edges, not corners) of the class at pixel (x, y).
 * @param {LabelMap} map must not change meanwhile
 * @param {number} x
 * @param {number} y
 * @param {Emit} emit
 */
export function region({ ids, width, height }, x, y, emit) {
  const id = ids[y * width + x];
  const done = new Uint8Array(ids.length);
  /** @param {number} i */
  const open = (i) => ids[i] === id && !done[i];
  const stack = [y * width + x];
  for (let seed = stack.pop(); seed !== undefined; seed = stack.pop()) {
    if (done[seed]) continue;
    const row = Math.floor(seed / width);
    let first = seed;
    let last = seed;
    while (first > row * width && open(first - 1)) first--;
    while (last < row * width + width - 1 && open(last + 1)) last++;
    done.fill(1, first, last + 1);
    emit(row, first - row * width, last - row * width + 1);
    for (const step of [-width, width]) {
      if (row + Math.sign(step) < 0 || row + Math.sign(step) >= height) continue;
      for (let i = first + step; i <= last + step; i++) {
        if (open(i) && (i === first + step || !open(i - 1))) stack.push(i);
      }
    }
  }
}

/**
 * Every pixel of one class.
 * @param {LabelMap} map must not change meanwhile
 * @param {number} id
 * @param {Emit} emit
 */
export function everyPixelOf({ ids, width, height }, id, emit) {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ids[y * width + x] !== id) continue;
      const first = x;
      while (x < width && ids[y * width + x] === id) x++;
      emit(y, first, x);
    }
  }
}

/**
 * Gives each pixel of one class the class of its nearest neighbour, growing from all sides at once.
 * @param {LabelMap} map
 * @param {number} hole that class
 * @returns {Bytes} new ids
 */
export function growInto({ ids, width }, hole) {
  const out = ids.slice();
  const queue = new Uint32Array(ids.length);
  let tail = 0;
  /** @param {number} i @param {(j: number) => void} visit */
  const neighbours = (i, visit) => {
    const x = i % width;
    if (x > 0) visit(i - 1);
    if (x < width - 1) visit(i + 1);
    if (i >= width) visit(i - width);
    if (i < ids.length - width) visit(i + width);
  };
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === hole) continue;
    let edge = false;
    neighbours(i, (j) => {
      edge ||= ids[j] === hole;
    });
    if (edge) queue[tail++] = i;
  }
  for (let head = 0; head < tail; head++) {
    const i = queue[head];
    neighbours(i, (j) => {
      if (out[j] !== hole) return;
      out[j] = out[i];
      queue[tail++] = j;
    });
  }
  return out;
}

/**
 * The map as in a mirror: left and right swapped.
 * @param {LabelMap} map
 * @returns {Bytes} new ids
 */
export function mirror({ ids, width, height }) {
  const out = ids.slice();
  for (let y = 0; y < height; y++) out.subarray(y * width, (y + 1) * width).reverse();
  return out;
}

/**
 * The map at another size, each pixel from the nearest one, so that no new class can appear.
 * @param {LabelMap} map
 * @param {number} toWidth
 * @param {number} toHeight
 * @returns {Bytes} new ids
 */
export function resample({ ids, width, height }, toWidth, toHeight) {
  if (width === toWidth && height === toHeight) return ids.slice();
  const out = new Uint8Array(toWidth * toHeight);
  const columns = Uint32Array.from({ length: toWidth }, (_, x) => Math.floor(((x + 0.5) * width) / toWidth));
  for (let y = 0; y < toHeight; y++) {
    const row = Math.floor(((y + 0.5) * height) / toHeight) * width;
    for (let x = 0; x < toWidth; x++) out[y * toWidth + x] = ids[row + columns[x]];
  }
  return out;
}
