/** The photo: shown large, compared with its map or another photo, drawn anew, kept in a strip, downloaded. */

import { chooseSide } from "./compare.js";
import { download, mapPicture, menuBelow, textButton } from "./controls.js";
import { el } from "./dom.js";
import { encodeMap } from "../core/wire.js";

const KEPT = 8;
const SEEDS = 1_000_000; // short enough to read out
const BUSY_TRIES = 5;

const FILES = [
  ["photo", "Photo", "photo"],
  ["pair", "Photo and map side by side", "pair"],
  ["labels_color", "Label map in colours", "labels-color"],
  ["labels_ids", "Label map as class ids", "labels-ids"],
  ["ssim_map", "SSIM map (white is equal)", "ssim-map"],
];

/**
 * @param {object} painter
 * @param {object} server
 * @param {{setLive: (on: boolean) => void, now: () => void, setSeed: (seed: number | null) => void,
 *   target: object, timelapse: {save: () => void}, restore: (shot: import("../core/loop.js").Photo) => void}} studio
 */
export function buildPhoto(painter, server, { setLive, now, setSeed, target, timelapse, restore }) {
  const view = buildFrame(painter);
  const strip = buildStrip(painter, restore, (shot) => view.compare.setPinned(shot?.photo ?? null));
  let shot = null;

  const state = el("span", "cg-pace");
  state.setAttribute("role", "status");
  const live = el("input");
  Object.assign(live, { type: "checkbox", checked: true });
  live.setAttribute("role", "switch");
  const make = textButton("Make photo", now, { title: "Make photo (Ctrl+Enter)" });
  make.hidden = true;
  live.addEventListener("change", () => {
    make.hidden = live.checked;
    setLive(live.checked);
  });
  const seedShown = el("span", "cg-seed-value");
  const noSeed = textButton("×", () => setSeed(null), {
    className: "cg-button",
    title: "No seed: the default photo",
  });
  noSeed.setAttribute("aria-label", noSeed.title);
  noSeed.hidden = true;
  const another = textButton(
    "Another one",
    () => {
      setSeed(Math.floor(Math.random() * SEEDS));
      if (!live.checked) now();
    },
    { title: "Draw the photo with a new seed" },
  );
  const downloads = buildDownloads(server, () => shot, target, timelapse, painter.say);
  const bar = el(
    "div",
    "cg-bar",
    el("label", "cg-live", live, "Live"),
    make,
    another,
    view.peek,
    downloads.opener,
    downloads.menu,
  );
  const line = el("div", "cg-photo-line", el("span", "cg-seed", seedShown, noSeed), state);
  const compareRow = view.compare.element;

  return {
    frame: view.element,
    bar: el("div", "cg-controls", line, bar, compareRow),
    strip: strip.element,
    compare: view.compare,
    get shot() {
      return shot;
    },
    setSeed: (seed) => {
      seedShown.textContent = seed === null ? "" : `Seed ${seed}`;
      noSeed.hidden = seed === null;
    },
    setState: (kind, text) => {
      if (state.textContent !== text) state.textContent = text;
      state.dataset.kind = kind;
      view.element.dataset.state = kind;
    },
    show: (next) => {
      if (shot && next.serial < shot.serial) return;
      shot = next;
      view.show(next);
    },
    settle: () => shot && strip.add(shot),
  };
}

/** The box that the photo fills, and what lies over it while comparing. */
function buildFrame(painter) {
  const hint = el("p", "cg-hint", "The photo appears here while you paint.");
  const map = el("canvas", "cg-behind");
  map.hidden = true;
  const element = el("div", "cg-photo-frame", hint, map);
  element.style.aspectRatio = `${painter.width} / ${painter.height}`;
  const compare = chooseSide(element);
  let shown = null;
  let image = null;

  const hold = (on) => {
    if (on && !shown) return;
    if (on) mapPicture(shown.map, painter.colorOf, map);
    map.hidden = !on;
    element.classList.toggle("cg-holding", on);
  };
  const peek = textButton("Hold for map", () => {}, { title: "Hold to see the map in place of the photo" });
  for (const node of [peek, element]) {
    node.addEventListener("pointerdown", (event) => {
      if (node === element && compare.active) return;
      event.preventDefault();
      node.focus?.();
      hold(true);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
      node.addEventListener(end, () => hold(false));
  }
  peek.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && hold(true));
  peek.addEventListener("keyup", () => hold(false));
  peek.addEventListener("blur", () => hold(false));

  /** Swaps the photo once it is decoded, so that it never flickers, and never for an older one. */
  async function show(shot) {
    const next = new Image();
    next.className = "cg-shot";
    next.alt = "The street photo made from your map";
    next.draggable = false;
    next.src = shot.photo;
    await next.decode();
    if (shown && shot.serial < shown.serial) return;
    shown = shot;
    Object.assign(next.dataset, { crc32: shot.crc32, revision: shot.revision, seed: shot.seed ?? "" });
    if (image) image.replaceWith(next);
    else hint.replaceWith(next);
    image = next;
  }
  return { element, peek, compare, show };
}

/** The last photos with the maps and seeds that made them. */
function buildStrip(painter, restore, onPin) {
  const shots = []; // newest first, each with its node
  const list = el("div", "cg-shots");
  const element = el("section", "cg-strip", el("div", "cg-heading", "Last photos"), list);
  element.setAttribute("aria-label", "Last photos");
  element.hidden = true;
  const keyOf = (shot) => `${shot.crc32} ${shot.seed}`;
  let pinned = null;

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

  const build = (shot) => {
    const picture = new Image();
    picture.src = shot.photo;
    picture.alt = "";
    const open = el("button", "cg-thumb", picture);
    open.type = "button";
    open.title = `Restore this map${shot.seed === null ? "" : ` and seed ${shot.seed}`}`;
    open.setAttribute("aria-label", open.title);
    open.addEventListener("click", () => restore(shot));
    const entry = { shot, node: null, pin: null };
    entry.pin = textButton("Pin", () => pin(entry), {
      className: "cg-pin",
      title: "Keep it, to compare with",
    });
    entry.pin.setAttribute("aria-pressed", "false");
    entry.node = el("div", "cg-kept", open, entry.pin);
    entry.node.dataset.crc32 = shot.crc32;
    return entry;
  };

  return {
    element,
    add: (shot) => {
      if (shots.some((entry) => keyOf(entry.shot) === keyOf(shot))) return;
      const entry = build(shot);
      shots.unshift(entry);
      list.prepend(entry.node);
      element.hidden = false;
      if (shots.length <= KEPT) return;
      const oldest = shots.findLastIndex((each) => each !== pinned);
      shots.splice(oldest, 1)[0].node.remove();
    },
  };
}

/** The menu of files; they are made without loss when one is asked for. */
function buildDownloads(server, shotOf, target, timelapse, say) {
  const opener = textButton("Download", () => {});
  const menu = el("div", "cg-downloads");
  let made = { shot: null, files: null };

  const files = async (shot) => {
    if (made.shot === shot) return made.files;
    const request = { map: encodeMap(shot.map, shot.revision, true), seed: shot.seed, target: target.token };
    for (let i = 0; i < BUSY_TRIES; i++) {
      const answer = await server.final_result(request);
      if (answer?.busy) continue;
      if (!answer || answer.error) throw new Error(answer?.error ?? "there is no connection to the server");
      made = { shot, files: answer };
      return answer;
    }
    throw new Error("the server is busy; try again in a moment");
  };

  const save = async (field, name) => {
    menu.hidePopover();
    const shot = shotOf();
    if (!shot) return say("There is no photo yet");
    try {
      const url = (await files(shot))[field];
      if (!url) return say("There is no target, so there is no SSIM map");
      download(url, `citygan-${name}.png`);
      return say("Downloaded");
    } catch (error) {
      return say(`Not downloaded: ${error.message}`, true);
    }
  };

  const items = FILES.map(([field, text, name]) => {
    const item = textButton(text, () => save(field, name), { className: "cg-menu-item" });
    item.dataset.file = field;
    return item;
  });
  const video = textButton(
    "Time-lapse of your painting (video)",
    () => {
      menu.hidePopover();
      timelapse.save();
    },
    { className: "cg-menu-item" },
  );
  video.dataset.file = "timelapse";
  menu.append(...items, video);
  menuBelow(opener, menu, () => (items.at(-1).hidden = !target.token));
  return { opener, menu };
}
