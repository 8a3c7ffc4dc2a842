/** Keeps the map in this browser, and offers it after a reload. */

import { mapPicture, textButton } from "./controls.js";
import { el } from "./surface.js";
import { crc32, decodeMap, encodeMap } from "./wire.js";

const KEY = "citygan:map";
const AFTER_MS = 700; // without a change

/** @returns {object | null} what was stored; null if there is nothing that can be read */
function stored(known) {
  try {
    const { map, seed, at } = JSON.parse(localStorage.getItem(KEY));
    const decoded = decodeMap(map);
    return decoded.ids.every((id) => known.has(id)) ? { map: decoded, seed, at } : null;
  } catch {
    return null; // nothing stored, storage is off, or another version wrote it
  }
}

/**
 * @param {object} painter
 * @param {{seed: () => number | null, openMap: Function}} studio
 * @returns {{element: HTMLElement}} the banner that offers a map; hidden while there is none
 */
export function buildAutosave(painter, { seed, openMap }) {
  const untouched = crc32(painter.ids);
  let saved = untouched;
  let timer = 0;

  const save = () => {
    clearTimeout(timer);
    const { ids, width, height, revision } = painter;
    const sum = crc32(ids);
    if (sum === saved) return;
    try {
      const map = encodeMap(ids, width, height, revision, true);
      localStorage.setItem(KEY, JSON.stringify({ map, seed: seed(), at: Date.now() }));
      saved = sum;
    } catch (error) {
      painter.say(`This browser does not keep the map (${error.name}): save a project`, true);
    }
  };
  painter.subscribe(({ final }) => {
    clearTimeout(timer);
    if (final) timer = setTimeout(save, AFTER_MS);
  });
  window.addEventListener("pagehide", save);

  const element = el("div", "cg-offer");
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", "Your last map");
  element.hidden = true;
  const offer = stored(new Set(painter.classes.map((c) => c.id)));
  if (offer && crc32(offer.map.ids) !== untouched) show(offer);
  return { element };

  function show({ map, seed: itsSeed, at }) {
    const when = new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    const restore = textButton("Restore", () => {
      element.hidden = true;
      openMap(map, itsSeed, "Restored your map");
      painter.focus();
    });
    const dismiss = textButton("Dismiss", () => {
      element.hidden = true;
      painter.focus();
    });
    const words = el("span", "", `Your map of ${when} is still here.`);
    element.append(mapPicture(map, painter.colorOf), words, restore, dismiss);
    element.hidden = false;
  }
}
