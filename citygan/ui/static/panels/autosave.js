/**
 * Keeps the map in this browser, with what was in hand, and opens it again: a map for each tab.
 *
 * A tab writes to a key of its own. Its session keeps that key only while the page is away, for a reload or a step
 * back: a duplicate of the tab, whose session is copied, finds none there. A tab without a key begins with the map
 * that was painted last, and takes a key of its own with the first change, so that it overwrites nothing.
 */

import { fromText, toText } from "../core/document.js";
import { crc32 } from "../core/wire.js";

/** @import { CanvasDocument } from "../core/document.js" */
/** @import { Drawing, OpenMap, Painter, Place } from "../types.js" */

/** @typedef {{key: string, kept: CanvasDocument}} Entry */

const PREFIX = "citygan:map:"; // and when the tab began
const TAB = "citygan:tab";
const AFTER_MS = 700; // without a change
const MAX_MAPS = 12; // that are kept; one takes some ten thousand characters of five million

/** The keys of all maps, that of the newest tab first. */
function keysOfMaps() {
  /** @param {string} key */
  const began = (key) => Number(key.slice(PREFIX.length));
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return keys.sort((a, b) => began(b) - began(a));
}

/** @param {string} key @param {Set<number>} known @returns {Entry[]} none if it cannot be read */
function read(key, known) {
  try {
    return [{ key, kept: fromText(localStorage.getItem(key) ?? "", known) }];
  } catch {
    return []; // damaged, or another version wrote it
  }
}

/** All maps that can be read, the one that was painted last first. @param {Set<number>} known */
function readAll(known) {
  try {
    const entries = keysOfMaps().flatMap((key) => read(key, known));
    return entries.sort((a, b) => (b.kept.at ?? 0) - (a.kept.at ?? 0));
  } catch {
    return []; // the browser keeps nothing for this page; saving will say so
  }
}

/** The key that this tab left in its session; it is taken out of there. */
function takeKey() {
  try {
    const key = sessionStorage.getItem(TAB);
    sessionStorage.removeItem(TAB);
    return key;
  } catch {
    return null; // as above
  }
}

/** @param {string} key */
function leaveKey(key) {
  try {
    sessionStorage.setItem(TAB, key);
  } catch {} // as above
}

/** A key that no other tab has. */
const newKey = () => `${PREFIX}${Date.now() + Math.random()}`;

/** Writes a map; the oldest ones make room where there is none. @param {string} key @param {string} text */
function write(key, text) {
  const others = keysOfMaps().filter((other) => other !== key);
  for (const oldest of others.splice(MAX_MAPS - 1)) localStorage.removeItem(oldest);
  for (;;) {
    try {
      return localStorage.setItem(key, text);
    } catch (error) {
      const oldest = others.pop();
      if (!oldest) throw error;
      localStorage.removeItem(oldest);
    }
  }
}

/**
 * @param {Painter} painter
 * @param {{drawing: () => Drawing, place: () => Place, openMap: OpenMap}} studio
 * @returns {{reopen: () => void, others: () => CanvasDocument[], startFresh: () => void}} `others` are the maps of
 *   earlier visits and of other tabs, the last one first
 */
export function buildAutosave(painter, { drawing, place, openMap }) {
  const { width, height } = painter;
  const fresh = { map: { ids: painter.ids.slice(), width, height }, seed: null, place: place() };
  const left = takeKey();
  let own = left ?? newKey();
  const content = () => JSON.stringify([crc32(painter.ids), drawing(), painter.hand, place()]);
  let saved = content();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const save = () => {
    clearTimeout(timer);
    const now = content();
    if (now === saved) return;
    try {
      write(own, toText({ map: painter, ...drawing(), hand: painter.hand, place: place(), at: Date.now() }));
      saved = now;
    } catch (error) {
      const name = /** @type {Error} */ (error).name;
      painter.say(`This browser does not keep the map (${name}): save a project`, true);
    }
  };
  painter.subscribe(({ final }) => {
    clearTimeout(timer);
    if (final) timer = setTimeout(save, AFTER_MS);
  });
  window.addEventListener("pagehide", () => {
    save();
    leaveKey(own);
  });
  window.addEventListener("pageshow", takeKey);

  return {
    reopen: () => {
      const last = (left && read(left, painter.known)[0]) || readAll(painter.known)[0];
      if (!last) return;
      const { map, hand, ...rest } = last.kept;
      painter.begin(map, rest.again);
      if (hand) painter.setHand(hand);
      openMap({ map, ...rest }, "Here is your last map; Streets has the others, and Start fresh");
      saved = content();
    },
    others: () => {
      const shown = new Set([crc32(fresh.map.ids), crc32(painter.ids)]);
      const all = readAll(painter.known).map(({ kept }) => kept);
      return all.filter(({ map }) => {
        const sum = crc32(map.ids);
        return !shown.has(sum) && shown.add(sum);
      });
    },
    startFresh: () => {
      save();
      own = newKey(); // the old map stays under its own
      openMap(fresh, "Started fresh; undo brings your map back");
    },
  };
}
