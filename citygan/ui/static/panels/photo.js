/** The photo with what belongs to it: live or not, its seed, comparing, downloads, and the last ones. */

import { alike } from "../core/sizes.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { buildFrame } from "../view/photo.js";
import { buildDownloads } from "./downloads.js";
import { buildStrip } from "./strip.js";
import { buildVariants } from "./variants.js";

/** @import { Draw } from "../core/draw.js" */
/** @import { Drawing, Painter, Server, Shot } from "../types.js" */

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {{where: HTMLElement | null, setLive: (on: boolean) => void, now: () => void, changed: () => void,
 *   setSeed: (seed: number | null) => void, draw: Draw, wishes: () => Drawing & {fill: boolean}, target: () => string | null, saveTimelapse: () => void, restore: (shot: Shot) => void}} studio
 */
export function buildPhoto(painter, server, studio) {
  const { where, setLive, now, changed, setSeed, draw, wishes, target, saveTimelapse, restore } = studio;
  const view = buildFrame(painter);
  /** @type {Shot | null} */
  let pinned = null;
  const comparePinned = () => {
    const comparable = pinned && alike(pinned.map, painter); // one of another shape would be squashed
    view.compare.set("pinned", comparable ? (pinned?.photo ?? null) : null);
  };
  const strip = buildStrip(painter, restore, (next) => {
    pinned = next;
    comparePinned();
  });
  painter.subscribe(({ reshaped }) => reshaped && comparePinned());
  /** @type {Shot | null} */
  let shot = null;

  const state = el("span", "cg-pace");
  const announced = el("span", "cg-hidden"); // not the pace of the photos, which changes with each
  announced.setAttribute("role", "status");
  const live = buildLive(setLive, now);
  const fill = switchWith("Fill gaps", changed);
  fill.element.title =
    "For the photo alone, what is unlabeled is filled: from its neighbours, or with a plain street. The map stays as " +
    "it is. Not with a target, since scores are those of the map itself.";
  const seed = buildSeed(setSeed);
  const another = buildVariants(painter, draw, wishes, (chosen) => {
    setSeed(chosen);
    if (!live.on) now();
  });
  const downloads = buildDownloads(painter, server, { shot: () => shot, target, saveTimelapse });
  const buttons = [another.opener, view.peek, downloads.opener, another.menu, downloads.menu];
  const line = el("div", "cg-photo-line", seed.element, state, announced, ...(where ? [where] : []));

  return {
    frame: view.element,
    controls: [...live.elements, fill.element, ...buttons],
    line,
    strip: strip.element,
    compare: view.compare,
    fill: fill.input,
    get shot() {
      return shot;
    },
    setSeed: seed.set,
    /** @param {string} kind @param {string} text */
    setState: (kind, text) => {
      if (state.textContent !== text) state.textContent = text;
      const trouble = kind === "gone" || kind === "error" ? text : "";
      if (announced.textContent !== trouble) announced.textContent = trouble;
      state.dataset.kind = kind;
      view.element.dataset.state = kind;
    },
    /** @param {Shot} next */
    show: (next) => {
      if (shot && next.serial < shot.serial) return;
      shot = next;
      view.show(next);
    },
    settle: () => {
      if (shot) strip.add(shot);
    },
  };
}

/**
 * The switch between live and not, and the button that makes a photo while it is not.
 * @param {(on: boolean) => void} setLive
 * @param {() => void} now
 */
function buildLive(setLive, now) {
  const make = textButton("Make photo", now, { title: "Make photo (Ctrl+Enter)" });
  make.hidden = true;
  const live = switchWith("Live", (on) => {
    make.hidden = on;
    setLive(on);
  });
  return {
    elements: [live.element, make],
    get on() {
      return live.input.checked;
    },
  };
}

/** A switch that is on. @param {string} name @param {(on: boolean) => void} changed */
function switchWith(name, changed) {
  const input = el("input");
  Object.assign(input, { type: "checkbox", checked: true });
  input.setAttribute("role", "switch");
  input.addEventListener("change", () => changed(input.checked));
  return { element: el("label", "cg-live", input, name), input };
}

/** Shows the seed. @param {(seed: number | null) => void} setSeed */
function buildSeed(setSeed) {
  const shown = el("span", "cg-seed-value");
  const title = "No seed: the default photo";
  const none = textButton("×", () => setSeed(null), { className: "cg-button", title });
  none.setAttribute("aria-label", title);
  none.hidden = true;
  return {
    element: el("span", "cg-seed", shown, none),
    /** @param {number | null} seed */
    set: (seed) => {
      shown.textContent = seed === null ? "" : `Seed ${seed}`;
      none.hidden = seed === null;
    },
  };
}
