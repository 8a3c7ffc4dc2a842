import assert from "node:assert/strict";
import test from "node:test";
import { MapState } from "../../citygan/ui/static/core/state.js";
import { union } from "../../citygan/ui/static/core/steps.js";
import { asText, drawn, picture } from "./maps.js";

const [A, B, C] = [97, 98, 99];
const HISTORY_STEPS = 100;

function started() {
  const { ids, width, height } = drawn("aaaa aaaa aaaa");
  const state = new MapState(width, height, ids);
  const heard = [];
  state.subscribe((change) => heard.push(change));
  return { state, heard };
}

/** The map, and that its counts are those of its pixels. */
function shown(state) {
  const counts = new Uint32Array(256);
  for (const id of state.ids) counts[id]++;
  assert.deepEqual(state.counts, counts);
  return asText(state);
}

test("a span is clipped to the map and belongs to the step that commit ends", () => {
  const { state, heard } = started();
  state.span(1, -5, 2, B);
  state.span(2, 3, 99, B);
  state.span(-1, 0, 4, B);
  state.span(3, 0, 4, B);
  assert.equal(heard.length, 0);
  state.commit("brush");
  assert.equal(shown(state), picture("aaaa bbaa aaab"));
  assert.deepEqual(heard, [
    { revision: 1, final: true, rect: { x0: 0, y0: 1, x1: 4, y1: 3 }, note: "brush", reshaped: false },
  ]);
  assert.equal(state.at(1, 1), B);
});

test("a map that is begun with cannot be undone", () => {
  const { state, heard } = started();
  state.span(0, 0, 1, B);
  state.commit("brush");
  state.begin(drawn("cccc cccc cccc"));
  assert.equal(shown(state), picture("cccc cccc cccc"));
  assert.equal(heard.at(-1).final, true);
  assert.deepEqual([state.canUndo, state.canRedo, state.undo()], [false, false, null]);
});

test("a stroke in progress tells what is new, and at its end all of it", () => {
  const { state, heard } = started();
  state.span(0, 0, 1, B);
  state.flush();
  assert.equal(state.stroking, true);
  state.span(2, 3, 4, B);
  state.flush();
  state.flush(); // nothing new
  state.commit("brush");
  assert.equal(state.stroking, false);
  assert.deepEqual(
    heard.map(({ final, rect: { x0, y0, x1, y1 } }) => [final, x0, y0, x1, y1]),
    [
      [false, 0, 0, 1, 1],
      [false, 3, 2, 4, 3],
      [true, 0, 0, 4, 3],
    ],
  );
  assert.deepEqual(
    heard.map(({ revision }) => revision),
    [1, 2, 3],
  );
});

test("undo and redo go through the steps and give their notes", () => {
  const { state } = started();
  state.span(0, 0, 4, B);
  state.commit("first");
  state.span(0, 1, 2, C);
  state.span(2, 0, 4, C);
  state.commit("second");
  const [none, first, both] = [
    picture("aaaa aaaa aaaa"),
    picture("bbbb aaaa aaaa"),
    picture("bcbb aaaa cccc"),
  ];
  assert.equal(shown(state), both);
  assert.equal(state.undo(), "second");
  assert.equal(shown(state), first);
  assert.equal(state.undo(), "first");
  assert.equal(shown(state), none);
  assert.equal(state.undo(), null);
  assert.deepEqual([state.canUndo, state.canRedo], [false, true]);
  assert.equal(state.redo(), "first");
  assert.equal(state.redo(), "second");
  assert.equal(shown(state), both);
  assert.equal(state.redo(), null);
});

test("a new step takes the place of those that were undone", () => {
  const { state } = started();
  for (const id of [B, C]) {
    state.span(0, 0, 4, id);
    state.commit(`step ${id}`);
  }
  state.undo();
  state.span(1, 0, 4, C);
  state.commit("instead");
  assert.equal(state.canRedo, false);
  assert.equal(shown(state), picture("bbbb cccc aaaa"));
  state.undo();
  assert.equal(shown(state), picture("bbbb aaaa aaaa"));
});

test("a step that changes nothing leaves no trace", () => {
  const { state, heard } = started();
  state.span(0, 0, 4, A);
  state.commit("nothing");
  state.span(0, 0, 4, B);
  state.span(0, 0, 4, A);
  state.commit("and back");
  assert.equal(state.canUndo, false);
  assert.deepEqual(
    heard.map(({ note }) => note),
    ["and back"],
    "but it was painted, so it is told",
  );
});

test("a step in progress can be taken back, and undo does so first", () => {
  const { state, heard } = started();
  state.span(0, 0, 4, B);
  state.commit("kept");
  state.span(1, 0, 4, C);
  state.flush();
  state.cancel();
  assert.equal(shown(state), picture("bbbb aaaa aaaa"));
  assert.deepEqual([state.stroking, heard.at(-1).final], [false, true]);
  state.span(1, 0, 4, C);
  state.flush();
  assert.equal(state.undo(), "kept");
  assert.equal(shown(state), picture("aaaa aaaa aaaa"));
});

test("a whole map is one step, and one of another size is refused", () => {
  const { state } = started();
  state.span(0, 0, 2, C);
  state.flush(); // a stroke in progress is dropped
  state.replace(drawn("abab baba abab").ids, "loaded");
  assert.equal(shown(state), picture("abab baba abab"));
  assert.equal(state.undo(), "loaded");
  assert.equal(shown(state), picture("aaaa aaaa aaaa"));
  assert.throws(() => state.replace(new Uint8Array(11), "short"), /11 ids for a map of 4 x 3/);
});

test(`the history keeps ${HISTORY_STEPS} steps`, () => {
  const { state } = started();
  for (let step = 0; step <= HISTORY_STEPS; step++) {
    state.replace(new Uint8Array(12).fill([B, C][step % 2]), `step ${step}`);
  }
  for (let step = HISTORY_STEPS; step > 0; step--) assert.equal(state.undo(), `step ${step}`);
  assert.equal(state.undo(), null);
  assert.equal(shown(state), picture("bbbb bbbb bbbb"));
});

test("any walk through the history gives the maps that were there", () => {
  const { state } = started();
  let random = 1;
  const next = (below) => {
    random = (random * 48271) % 2147483647;
    return random % below;
  };
  const past = [shown(state)];
  let at = 0;
  for (let i = 0; i < 400; i++) {
    const move = next(4);
    if (move === 0) at -= state.undo() === null ? 0 : 1;
    else if (move === 1) at += state.redo() === null ? 0 : 1;
    else {
      const before = shown(state);
      for (let n = next(5); n >= 0; n--) state.span(next(3), next(4), 1 + next(5), A + next(3));
      state.commit("step");
      if (shown(state) !== before) past.splice(++at, past.length, shown(state));
    }
    assert.equal(shown(state), past[at]);
  }
});

test("who unsubscribes hears no more", () => {
  const { state } = started();
  let heard = 0;
  const leave = state.subscribe(() => heard++);
  state.replace(new Uint8Array(12), "one");
  leave();
  state.replace(new Uint8Array(12).fill(1), "two");
  assert.equal(heard, 1);
});

test("the union of two rectangles holds both", () => {
  const [a, b] = [
    { x0: 1, y0: 5, x1: 3, y1: 6 },
    { x0: 2, y0: 2, x1: 9, y1: 4 },
  ];
  assert.deepEqual(union(a, b), { x0: 1, y0: 2, x1: 9, y1: 6 });
  assert.deepEqual([union(a, null), union(null, b), union(null, null)], [a, b, null]);
});

test("a map of another shape is one step, which undo and redo take whole", () => {
  const { state, heard } = started();
  state.span(0, 0, 1, B);
  state.commit("brush");
  state.replace(drawn("bb bc bb cc cc").ids, "opened", { width: 2, height: 5 });
  assert.equal(shown(state), picture("bb bc bb cc cc"));
  assert.deepEqual(heard.at(-1), {
    revision: 2,
    final: true,
    rect: { x0: 0, y0: 0, x1: 2, y1: 5 },
    note: "opened",
    reshaped: true,
  });
  state.span(4, 0, 1, A);
  state.commit("brush");
  assert.equal(shown(state), picture("bb bc bb cc ac"));
  state.undo();
  assert.equal(state.undo(), "opened");
  assert.equal(shown(state), picture("baaa aaaa aaaa"));
  assert.deepEqual([state.width, state.height, heard.at(-1).reshaped], [4, 3, true]);
  state.undo();
  assert.equal(shown(state), picture("aaaa aaaa aaaa"));
  while (state.canRedo) state.redo();
  assert.equal(shown(state), picture("bb bc bb cc ac"));
});

test("a stroke in progress is gone before the map takes another shape", () => {
  const { state } = started();
  state.span(0, 0, 4, B);
  state.flush();
  state.replace(drawn("bb").ids, "opened", { width: 2, height: 1 });
  state.cancel();
  assert.equal(shown(state), picture("bb"));
  state.undo();
  assert.equal(shown(state), picture("aaaa aaaa aaaa"));
  assert.throws(() => state.replace(drawn("bb").ids, "opened", { width: 3, height: 1 }), RangeError);
});
