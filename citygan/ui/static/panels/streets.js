/** What to begin with: drawn streets, random ones, and what one painted before. */

import { MAX_SEED } from "../core/document.js";
import { accepted, reason } from "../core/server.js";
import { resample } from "../core/shapes.js";
import { decodeMap } from "../core/wire.js";
import { mapPicture, menuBelow, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { CanvasDocument } from "../core/document.js" */
/** @import { LabelMap } from "../core/wire.js" */
/** @import { OpenMap, Painter, Server, StreetName } from "../types.js" */

const THUMB_PX = 120;

/**
 * @param {Painter} painter
 * @param {string[]} names of the drawn streets
 * @param {Server} server
 * @param {{openMap: OpenMap, others: () => CanvasDocument[], startFresh: () => void,
 *   along: (street: StreetName) => void}} studio
 */
export function buildStreets(painter, names, server, { openMap, others, startFresh, along }) {
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
      along({ name, seed });
      openMap({ map, seed: null }, name ? `Street: ${name}` : `Random street ${seed}`);
    } catch (error) {
      painter.say(`The street did not come: ${reason(error)}`, true);
    }
  };

  const thumbs = names.map((name) => ({ name, ...buildThumb(name, () => begin({ name, seed: null })) }));
  let filled = false;
  const fill = async () => {
    if (filled) return;
    filled = true;
    for (const { name, picture } of thumbs) {
      const answer = await ask({ name, seed: null }).catch(() => null);
      if (answer) picture.replaceChildren(small(answer.map, painter.colorOf));
      else filled = false; // try again when the menu opens next
    }
  };
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
    fill();
  });
  return { opener, menu };
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
        const { node, picture } = buildThumb(when, () => openMap(kept, `Your map of ${when}`));
        picture.append(small(kept.map, painter.colorOf));
        return node;
      });
      grid.replaceChildren(...thumbs);
      element.hidden = !thumbs.length;
    },
  };
}

/** @param {string} name @param {() => void} begin */
function buildThumb(name, begin) {
  const picture = el("span", "cg-street-picture");
  const node = el("button", "cg-street", picture, el("span", "", name));
  node.type = "button";
  node.addEventListener("click", begin);
  return { node, picture };
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
