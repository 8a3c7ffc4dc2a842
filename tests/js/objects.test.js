/** Stamped things: which is in front, what is under them, and until when they can be moved. */

import assert from "node:assert/strict";
import test from "node:test";
import { boundsOf, objectAt } from "../../citygan/ui/static/core/objects.js";
import { MapState } from "../../citygan/ui/static/core/state.js";
import { asText, drawn, picture } from "./maps.js";

const [A, B, C] = [97, 98, 99];
const CAMERA_METRES = 1.45;

/** A square of so many pixels a side, whatever the horizon, whose foot is at (x, y). */
function box(key, id, x, y, side = 2, scale = 1) {
  const corners = [
    [-0.5, 0],
    [0.5, 0],
    [0.5, 1],
    [-0.5, 1],
  ];
  const stamp = { name: `box ${key}`, metres: CAMERA_METRES, parts: [{ id, points: corners }] };
  return { key, stamp, x, y, horizon: y - side, scale };
}

/** Larger than what stamps are at least. */
const SIDE = 6;
const near = box(1, A, 5, 9, SIDE);
const far = box(2, B, 8, 7, SIDE);

function started() {
  const state = new MapState(14, 10, drawn(Array(10).fill("..............").join(" ")).ids.fill(C));
  return state;
}

/** Puts things on the map in one step. */
function put(state, ...objects) {
  state.arrange(objects);
  state.commit("stamp");
}

const BOTH = picture(`
  cccccccccccccc
  cccccbbbbbbccc
  cccccbbbbbbccc
  ccaaaaaabbbccc
  ccaaaaaabbbccc
  ccaaaaaabbbccc
  ccaaaaaabbbccc
  ccaaaaaacccccc
  ccaaaaaacccccc
  cccccccccccccc`);

test("the nearer thing is in front, in whatever order they came", () => {
  for (const order of [
    [near, far],
    [far, near],
  ]) {
    const state = started();
    put(state, order[0]);
    put(state, ...order);
    assert.equal(asText(state), BOTH);
  }
});

test("a thing that moves away uncovers the map and what is behind it", () => {
  const state = started();
  state.span(8, 0, 14, B);
  state.commit("brush");
  const before = state.ids.slice();
  put(state, near, far);
  put(state, { ...near, x: -20 }, far);
  assert.equal(state.at(5, 5), B);
  assert.equal(state.at(4, 8), B);
  assert.equal(state.at(4, 7), C);
  put(state);
  assert.deepEqual(state.ids, before);
});

test("undo and redo bring back the map and what stands on it", () => {
  const state = started();
  put(state, near);
  put(state, near, far);
  put(state, far);
  state.undo();
  assert.equal(asText(state), BOTH);
  assert.deepEqual(state.objects, [near, far]);
  state.undo();
  assert.deepEqual(state.objects, [near]);
  state.redo();
  state.redo();
  assert.deepEqual(state.objects, [far]);
  put(state);
  assert.equal(asText(state).includes("b"), false);
});

test("what is painted over is part of the map from then on, and the others stay", () => {
  const state = started();
  put(state, near, far);
  state.span(8, 0, 14, B); // across the foot of the nearer one
  state.commit("brush");
  assert.deepEqual(state.objects, []); // and with it of what it hid
  state.undo();
  assert.deepEqual(state.objects, [near, far]);
  state.span(1, 9, 10, A); // the corner of the farther one
  state.commit("brush");
  assert.deepEqual(state.objects, [near]);
  put(state);
  assert.equal(state.at(6, 5), B, "the farther one is painted where the nearer one hid it");
  assert.equal(state.at(3, 5), C);
});

test("paint beside a thing leaves it, and stays when it moves", () => {
  const state = started();
  put(state, near);
  state.span(3, 9, 14, B);
  state.commit("brush");
  put(state, { ...near, x: 11 });
  assert.equal(state.at(9, 3), A);
  put(state);
  assert.equal(state.at(9, 3), B);
});

test("while a thing is dragged nothing is kept, and a drop takes it all back", () => {
  const state = started();
  put(state, near);
  state.arrange([{ ...near, x: 9 }]);
  state.flush();
  state.arrange([{ ...near, x: 10 }]);
  assert.equal(state.objects[0].x, 10);
  state.cancel();
  assert.deepEqual(state.objects, [near]);
  assert.equal(state.at(3, 5), A);
  assert.equal(state.at(10, 5), C);
  state.undo();
  assert.equal(state.canUndo, false);
});

test("a thing that hides behind another one of its class is a step, too", () => {
  const state = started();
  put(state, near);
  put(state, near, box(3, A, 5, 8.9, SIDE));
  state.undo();
  assert.deepEqual(state.objects, [near]);
  assert.equal(state.canUndo, true);
});

test("another map has no things on it, and undo brings them back", () => {
  for (const size of [
    { width: 14, height: 10 },
    { width: 10, height: 14 },
  ]) {
    const state = started();
    put(state, near);
    state.replace(new Uint8Array(140).fill(B), "opened", size);
    assert.deepEqual(state.objects, []);
    state.undo();
    assert.deepEqual(state.objects, [near]);
    put(state);
    assert.equal(new Set(state.ids).size, 1);
  }
});

test("a thing is found where it is seen", () => {
  const state = started();
  put(state, far, near);
  const at = (x, y) => objectAt(state.objects, state, x, y)?.key ?? null;
  assert.deepEqual(
    [at(6, 5), at(9, 5), at(6, 1), at(0, 0), at(99, 5), at(5, -1)],
    [1, 2, 2, null, null, null],
  );
});

test("a larger thing keeps its foot", () => {
  const [plain, large] = [near, { ...near, scale: 1.5 }].map(boundsOf);
  assert.deepEqual(plain, { x0: 2, y0: 3, x1: 8, y1: 9 });
  assert.deepEqual(large, { x0: 0.5, y0: 0, x1: 9.5, y1: 9 });
});
