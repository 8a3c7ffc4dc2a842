/** What to begin with: drawn streets with their photos, random ones, and what one painted before. */

import { MAX_SEED } from "../core/document.js";
import { accepted, reason } from "../core/server.js";
import { resample } from "../core/shapes.js";
import { decodeMap } from "../core/wire.js";
import { mapPicture, menuBelow, pictureOf, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { beginningOf } from "./drive.js";
import { icon } from "./icons.js";

/** @import { Draw } from "../core/draw.js" */
/** @import { CanvasDocument } from "../core/document.js" */
/** @import { LabelMap } from "../core/wire.js" */
/** @import { OpenMap, Painter, Server, StreetName } from "../types.js" */

const THUMB_PX = 120;

/**
 * @param {Painter} painter
 * @param {string[]} names of the drawn streets
 * @param {Server} server
 * @param {{openMap: OpenMap, others: () => CanvasDocument[], startFresh: () => void, draw: Draw}} studio
 */
export function buildStreets(painter, names, server, { openMap, others, startFresh, draw }) {
  const menu = el("div", "cg-streets");
  const opener = textButton("Streets", () => {}, { title: "Begin with a drawn or a random street" });
  opener.classList.add("cg-opens");

  /** @param {StreetName} wanted */
  const ask = async (wanted) => {
    const answer = accepted(await server.street(wanted));
    return { ...answer, map: decodeMap(answer.map) };
  };
  /** @param {StreetName} wanted */
  const begin = async (wanted) => {
    menu.hidePopover();
    try {
      const { map, name, seed } = await ask(wanted);
      const place = beginningOf({ name, seed });
      openMap({ map, seed: null, place }, name ? `Street: ${name}` : `Random street ${seed}`);
    } catch (error) {
      painter.say(`The street did not come: ${reason(error)}`, true);
    }
  };

  const thumbs = names.map((name) => buildThumb(name, () => begin({ name, seed: null })));
  const fill = fillThumbs(thumbs, painter, (name) => ask({ name, seed: null }), draw);
  const random = buildRandom((seed) => begin({ name: null, seed }));
  const afresh = textButton(
    "Start fresh",
    () => {
      menu.hidePopover();
      startFresh();
    },
    { title: "Begin with the first street; your map stays here" },
  );
  random.append(afresh);
  const painted = buildPainted(painter, (kept, note) => {
    menu.hidePopover();
    openMap(kept, note);
  });
  menu.append(el("div", "cg-street-grid", ...thumbs.map(({ node }) => node)), random, painted.element);
  menuBelow(opener, menu, () => {
    painted.show(others());
    fill(() => menu.matches(":popover-open"));
  });
  const surprise = textButton("Surprise me", () => begin({ name: null, seed: null }), {
    className: "cg-surprise-button",
    title: "A random street; undo brings yours back",
  });
  surprise.prepend(icon("dice"));
  return { opener, menu, surprise };
}

/**
 * Fills the pictures of the streets, first all maps and then their photos, one at a time; each comes once.
 * @param {ReturnType<typeof buildThumb>[]} thumbs
 * @param {Painter} painter
 * @param {(name: string) => Promise<{map: LabelMap}>} ask
 * @param {Draw} draw
 * @returns {(wanted: () => boolean) => Promise<void>} goes on while they are wanted, and where it stopped next time
 */
function fillThumbs(thumbs, painter, ask, draw) {
  /** @type {Map<string, LabelMap>} */
  const maps = new Map();
  let busy = false;
  /** @param {() => boolean} wanted */
  const go = async (wanted) => {
    for (const { name, node, picture } of thumbs.filter((thumb) => !maps.has(thumb.name))) {
      const { map } = await ask(name);
      node.style.setProperty("--cg-aspect", String(map.width / map.height));
      maps.set(name, map);
      picture.replaceChildren(small(map, painter.colorOf));
    }
    for (const { name, photo } of thumbs.filter((thumb) => !thumb.photo.firstChild)) {
      if (!wanted()) return;
      const drawn = await pictureOf(await draw(/** @type {LabelMap} */ (maps.get(name))));
      drawn.alt = "";
      photo.replaceChildren(drawn);
    }
  };
  return async (wanted) => {
    if (busy) return;
    busy = true;
    await go(wanted).catch((error) => painter.say(`Not all pictures came: ${reason(error)}`, true));
    busy = false;
  };
}

/**
 * The maps that one painted before; hidden while there is none.
 * @param {Painter} painter
 * @param {OpenMap} openMap
 */
function buildPainted(painter, openMap) {
  const grid = el("div", "cg-street-grid");
  const element = el("div", "cg-painted", el("div", "cg-heading", "Your maps"), grid);
  return {
    element,
    /** @param {CanvasDocument[]} maps */
    show: (maps) => {
      const thumbs = maps.map((kept) => {
        const when = new Date(kept.at ?? 0).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
        const { node, picture, photo } = buildThumb(when, () => openMap(kept, `Your map of ${when}`));
        node.style.setProperty("--cg-aspect", String(kept.map.width / kept.map.height));
        picture.append(small(kept.map, painter.colorOf));
        photo.remove();
        return node;
      });
      grid.replaceChildren(...thumbs);
      element.hidden = !thumbs.length;
    },
  };
}

/** A map, and beside it the place of its photo. @param {string} name @param {() => void} begin */
function buildThumb(name, begin) {
  const [picture, photo] = [el("span", "cg-street-picture"), el("span", "cg-street-picture")];
  const node = el("button", "cg-street", picture, photo, el("span", "cg-street-name", name));
  node.type = "button";
  node.addEventListener("click", begin);
  return { name, node, picture, photo };
}

/** The button for a random street, and its seed. @param {(seed: number | null) => void} begin */
function buildRandom(begin) {
  const seed = el("input", "cg-number");
  Object.assign(seed, { type: "number", min: 0, max: MAX_SEED, placeholder: "seed" });
  seed.setAttribute("aria-label", "Seed of the random street; empty for a new one");
  const run = () => begin(seed.value === "" ? null : Number(seed.value));
  seed.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // or it would press what has the focus next, and open the menu again
    run();
  });
  return el("div", "cg-bar", textButton("Random street", run), seed);
}

/** @param {LabelMap} map @param {(id: number) => number[]} colorOf */
function small(map, colorOf) {
  const width = THUMB_PX;
  const height = Math.round((width * map.height) / map.width);
  return mapPicture({ ids: resample(map, width, height), width, height }, colorOf);
}
