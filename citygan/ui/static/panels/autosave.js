/**
 * Keeps the map in this browser, and offers it after a reload.
 *
 * Each visit writes to a key of its own, so that neither painting on nor a second tab overwrites what an
 * earlier visit left; that is kept until it is restored or dismissed.
 */

import { fromText, toText } from "../core/document.js";
import { crc32 } from "../core/wire.js";
import { mapPicture, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { CanvasDocument } from "../core/document.js" */
/** @import { Drawing, OpenMap, Painter } from "../types.js" */

const PREFIX = "citygan:map:"; // and the time at which the visit began
const AFTER_MS = 700; // without a change
const MAX_VISITS = 8; // that are kept; a map takes some ten thousand characters of five million

/** The keys of all visits, the newest first. */
function visits() {
  /** @param {string} key */
  const began = (key) => Number(key.slice(PREFIX.length));
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return keys.sort((a, b) => began(b) - began(a));
}

/** @typedef {{key: string, kept: CanvasDocument}} Offer */

/** @param {string} key @param {Set<number>} known @returns {Offer[]} none if it cannot be read */
function read(key, known) {
  try {
    return [{ key, kept: fromText(localStorage.getItem(key) ?? "", known) }];
  } catch {
    return []; // damaged, or another version wrote it
  }
}

/** What earlier visits left and nobody answered yet, the newest first. @param {Set<number>} known */
function leftBehind(known) {
  try {
    return visits().flatMap((key) => read(key, known));
  } catch {
    return []; // the browser keeps nothing for this page; saving will say so
  }
}

/**
 * @param {Painter} painter
 * @param {{drawing: () => Drawing, openMap: OpenMap}} studio
 * @returns {{element: HTMLElement}} the banner that offers a map; hidden while there is none
 */
export function buildAutosave(painter, { drawing, openMap }) {
  const untouched = crc32(painter.ids);
  const own = `${PREFIX}${Date.now()}`;
  let saved = untouched;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @returns {boolean} whether the browser has the map now */
  const save = () => {
    clearTimeout(timer);
    const sum = crc32(painter.ids);
    if (sum === saved) return true;
    try {
      localStorage.setItem(own, toText({ map: painter, ...drawing(), at: Date.now() }));
      for (const old of visits().slice(MAX_VISITS)) localStorage.removeItem(old);
      saved = sum;
      return true;
    } catch (error) {
      painter.say(
        `This browser does not keep the map (${/** @type {Error} */ (error).name}): save a project`,
        true,
      );
      return false;
    }
  };
  painter.subscribe(({ final }) => {
    clearTimeout(timer);
    if (final) timer = setTimeout(save, AFTER_MS);
  });
  window.addEventListener("pagehide", save);

  const offers = leftBehind(painter.known).filter(({ kept }) => crc32(kept.map.ids) !== untouched);
  return buildOffer(painter, offers, ({ kept }) => {
    openMap(kept, "Restored your map; undo goes back");
    return save(); // the key of this visit has it before the old one goes
  });
}

/**
 * The banner that offers maps one after the other; hidden while there is none.
 * @param {Painter} painter
 * @param {Offer[]} offers
 * @param {(offer: Offer) => boolean} restore whether the offer may go
 */
function buildOffer(painter, offers, restore) {
  const picture = el("canvas");
  const words = el("span");
  const accept = textButton("Restore", () => {
    if (restore(offers[0])) answered();
  });
  const element = el("div", "cg-offer", picture, words, accept, textButton("Dismiss", answered));
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", "Your last map");
  show();
  return { element };

  function answered() {
    localStorage.removeItem(offers[0].key);
    offers.shift();
    show();
    painter.focus();
  }

  function show() {
    element.hidden = !offers.length;
    if (!offers.length) return;
    const { map, at } = offers[0].kept;
    const when = new Date(at ?? 0).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    words.textContent = `Your map of ${when} is still here.`;
    mapPicture(map, painter.colorOf, picture);
  }
}
