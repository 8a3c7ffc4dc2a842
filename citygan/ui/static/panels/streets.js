/** Drawn streets and random ones to begin with. */

import { MAX_SEED } from "../core/document.js";
import { accepted, reason } from "../core/server.js";
import { resample } from "../core/shapes.js";
import { decodeMap } from "../core/wire.js";
import { mapPicture, menuBelow, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { LabelMap } from "../core/wire.js" */
/** @import { OpenMap, Painter, Server, StreetName } from "../types.js" */

const THUMB_PX = 120;

/**
 * @param {Painter} painter
 * @param {string[]} names of the drawn streets
 * @param {Server} server
 * @param {OpenMap} openMap
 */
export function buildStreets(painter, names, server, openMap) {
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
  menu.append(el("div", "cg-street-grid", ...thumbs.map(({ node }) => node)), random);
  menuBelow(opener, menu, fill);
  return { opener, menu };
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
