/** Four more photos of the same map, each by a seed of its own, to choose from. */

import { reason } from "../core/server.js";
import { menuBelow, pictureOf, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Draw } from "../core/draw.js" */
/** @import { Drawing, Painter } from "../types.js" */

const SEEDS = 1_000_000; // short enough to read out
const SHOWN = 4;

/**
 * @param {Painter} painter
 * @param {Draw} draw
 * @param {() => Drawing & {fill: boolean}} wishes
 * @param {(seed: number) => void} choose
 */
export function buildVariants(painter, draw, wishes, choose) {
  const grid = el("div", "cg-variant-grid");
  const menu = el("div", "cg-variants", grid);
  const opener = textButton("Another one", () => {}, { title: "Four photos of this map, to choose from" });
  opener.classList.add("cg-opens");
  let round = 0; // photos of an earlier one come too late

  const fill = async () => {
    const mine = ++round;
    if (painter.root.classList.contains("cg-drives")) {
      grid.replaceChildren(el("p", "", "Stop the drive to choose another photo."));
      return;
    }
    const map = { ids: painter.ids.slice(), width: painter.width, height: painter.height };
    const slots = Array.from({ length: SHOWN }, () =>
      buildSlot((seed) => {
        menu.hidePopover();
        choose(seed);
      }),
    );
    grid.replaceChildren(...slots.map(({ node }) => node));
    for (const { seed, show } of slots) {
      if (mine !== round) return;
      try {
        await show(await draw(map, { ...wishes(), seed }));
      } catch (error) {
        if (mine === round) grid.replaceChildren(el("p", "", `No photos came: ${reason(error)}`));
        return;
      }
    }
  };
  menu.append(textButton("Four others", fill));
  menuBelow(opener, menu, fill);
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "closed") round++;
  });
  return { opener, menu };
}

/** @param {(seed: number) => void} choose */
function buildSlot(choose) {
  const seed = Math.floor(Math.random() * SEEDS);
  const node = el("button", "cg-variant");
  node.type = "button";
  node.dataset.seed = String(seed);
  node.setAttribute("aria-label", `Photo with seed ${seed}`);
  node.setAttribute("aria-busy", "true");
  node.addEventListener("click", () => choose(seed));
  /** @param {string} url */
  const show = async (url) => {
    const picture = await pictureOf(url);
    picture.alt = "";
    node.replaceChildren(picture);
    node.removeAttribute("aria-busy");
  };
  return { seed, node, show };
}
