/** The last photos with the maps, seeds and lights that made them. */

import { describeLight } from "../core/light.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Painter, Shot } from "../types.js" */

const KEPT = 8;

/** @typedef {{shot: Shot, node: HTMLElement, pin: HTMLButtonElement}} Entry */

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

  /** @param {Entry} entry */
  const pin = (entry) => {
    pinned = pinned === entry ? null : entry;
    for (const each of shots) {
      each.pin.setAttribute("aria-pressed", String(each === pinned));
      each.pin.textContent = each === pinned ? "Pinned" : "Pin";
      each.node.classList.toggle("cg-pinned", each === pinned);
    }
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

/** @param {Shot} shot @param {() => void} restore @param {() => void} pin @returns {Entry} */
function buildEntry(shot, restore, pin) {
  const picture = new Image();
  picture.src = shot.photo;
  picture.alt = "";
  const open = el("button", "cg-thumb", picture);
  open.type = "button";
  const light = describeLight(shot.light);
  const drawn = [shot.seed === null ? "" : `seed ${shot.seed}`, light && `light (${light})`];
  open.title = ["Restore this map", ...drawn.filter(Boolean)].join(" and ");
  open.setAttribute("aria-label", open.title);
  open.addEventListener("click", restore);
  const pinning = textButton("Pin", pin, { className: "cg-pin", title: "Keep it, to compare with" });
  pinning.setAttribute("aria-pressed", "false");
  const node = el("div", "cg-kept", open, pinning);
  node.dataset.crc32 = String(shot.crc32);
  return { shot, node, pin: pinning };
}
