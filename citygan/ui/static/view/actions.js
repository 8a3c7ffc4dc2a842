/** What keys and buttons do to the whole map and to the view of it. */

import { growInto, mirror } from "../core/shapes.js";

/** @import { MapState } from "../core/state.js" */
/** @import { Bytes } from "../core/wire.js" */
/** @import { Actions } from "./keys.js" */
/** @import { Surface } from "./surface.js" */
/** @import { Toolbox } from "./toolbox.js" */

const ZOOM_STEP = 1.25;
const UNLABELED = 0;

/**
 * @param {MapState} state
 * @param {Surface} surface
 * @param {Toolbox} tools
 * @param {() => void} help
 * @returns {Actions}
 */
export function buildActions(state, surface, tools, help) {
  /** @param {"undo" | "redo"} way @param {string} done @param {string} nothing */
  const travel = (way, done, nothing) => () => {
    if (tools.abort()) return;
    const note = state[way]();
    tools.say(note === null ? nothing : `${done}: ${note}`);
  };
  /** @param {() => Bytes} make @param {string} note */
  const replace = (make, note) => () => {
    tools.abort();
    state.replace(make(), note);
    tools.say(note);
  };
  const fill = () => growInto(state, UNLABELED);
  return {
    undo: travel("undo", "Undone", "Nothing to undo"),
    redo: travel("redo", "Done again", "Nothing to redo"),
    clear: replace(() => new Uint8Array(state.ids.length), "Cleared"),
    mirror: replace(() => mirror(state), "Mirrored"),
    fillUnlabeled: replace(fill, "Unlabeled filled from its neighbours"),
    fit: () => surface.fit(),
    zoomIn: () => surface.zoom(ZOOM_STEP),
    zoomOut: () => surface.zoom(1 / ZOOM_STEP),
    help,
  };
}
