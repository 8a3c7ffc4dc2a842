/** The last photos with the maps, seeds and lights that made them. */

import { describeLight } from "../core/light.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Painter, Shot } from "../types.js" */

const KEPT = 8;

/** @typedef {{shot: Shot, node: HTMLElement, name: string, pin: HTMLButtonElement}} Entry */

/**
 * @param {Painter} painter
 * @param {(shot: Shot) => void} restore
 * @param {(shot: Shot | null) => void} onPin
 */
export function buildStrip(painter, restore, onPin) {
  /** @type {Entry[]} newest first */
  const shots = [];
  const list = el("div", "cg-shots");
  const element = el("section", "cg-strip", el("div", "cg-heading", "Last photos"), list);
  element.setAttribute("aria-label", "Last photos");
  element.hidden = true;
  /** @param {Shot} shot */
  const keyOf = (shot) => JSON.stringify([shot.crc32, shot.seed, shot.light]);
  /** @type {Entry | null} */
  let pinned = null;
  let count = 0; // of all photos, whose numbers tell them apart to who hears them

  /** @param {Entry} entry */
  const pin = (entry) => {
    pinned = pinned === entry ? null : entry;
    for (const each of shots) showPin(each, each === pinned);
    painter.say(pinned ? "Pinned: it stays, and you can compare with it" : "Unpinned");
    onPin(pinned?.shot ?? null);
  };

  return {
    element,
    /** @param {Shot} shot */
    add: (shot) => {
      if (shots.some((entry) => keyOf(entry.shot) === keyOf(shot))) return;
      const entry = buildEntry(
        shot,
        `photo ${++count}`,
        () => restore(shot),
        () => pin(entry),
      );
      shots.unshift(entry);
      list.prepend(entry.node);
      element.hidden = false;
      if (shots.length <= KEPT) return;
      const oldest = shots.findLastIndex((each) => each !== pinned);
      shots.splice(oldest, 1)[0].node.remove();
    },
  };
}

/** @param {Entry} entry @param {boolean} on */
function showPin({ node, name, pin }, on) {
  pin.setAttribute("aria-pressed", String(on));
  pin.textContent = on ? "Pinned" : "Pin";
  pin.setAttribute("aria-label", `${pin.textContent} ${name}`);
  node.classList.toggle("cg-pinned", on);
}

/**
 * @param {Shot} shot
 * @param {string} name
 * @param {() => void} restore
 * @param {() => void} pin
 * @returns {Entry}
 */
function buildEntry(shot, name, restore, pin) {
  const picture = new Image();
  picture.src = shot.photo;
  picture.alt = "";
  picture.style.setProperty("--cg-shape", String(shot.map.width / shot.map.height));
  const open = el("button", "cg-thumb", picture);
  open.type = "button";
  const light = describeLight(shot.light);
  const drawn = [shot.seed === null ? "" : `seed ${shot.seed}`, light && `light (${light})`];
  open.title = ["Restore this map", ...drawn.filter(Boolean)].join(" and ");
  open.setAttribute("aria-label", `${open.title}, ${name}`);
  open.addEventListener("click", restore);
  const pinning = textButton("Pin", pin, { className: "cg-pin", title: "Keep it, to compare with" });
  const node = el("div", "cg-kept", open, pinning);
  node.dataset.crc32 = String(shot.crc32);
  const entry = { shot, node, name, pin: pinning };
  showPin(entry, false);
  return entry;
}
