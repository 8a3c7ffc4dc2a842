/** Ways to begin: a drawn street, a random one, a picture or a project from the visitor's own files. */

import { MAX_SEED } from "../core/document.js";
import { accepted, reason } from "../core/server.js";
import { resample } from "../core/shapes.js";
import { decodeMap } from "../core/wire.js";
import { acceptDrop, chooseFile, dataUrl, mapPicture, menuBelow, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { LabelMap } from "../core/wire.js" */
/** @import { OpenMap, Painter, Server, StreetName } from "../types.js" */

const THUMB_PX = 120;
const MAX_FILE_BYTES = 5.5 * 2 ** 20; // as base64 in JSON it stays below the server's limit

/**
 * @param {Painter} painter
 * @param {string[]} names of the drawn streets
 * @param {Server} server
 * @param {{openMap: OpenMap, openProject: (file: File) => Promise<boolean>,
 *   setTarget: (url: string, token: string) => Promise<void>}} studio
 */
export function buildStarters(painter, names, server, { openMap, openProject, setTarget }) {
  const menu = el("div", "cg-streets");
  const opener = textButton("Streets", () => {}, { title: "Begin with a drawn or a random street" });
  opener.classList.add("cg-opens");
  let filled = false;

  /** @param {StreetName} request */
  const ask = async (request) => {
    const answer = accepted(await server.street(request));
    return { ...answer, map: decodeMap(answer.map) };
  };
  /** @param {StreetName} request */
  const begin = async (request) => {
    menu.hidePopover();
    try {
      const { map, name, seed } = await ask(request);
      openMap({ map, seed: null }, name ? `Street: ${name}` : `Random street ${seed}`);
    } catch (error) {
      painter.say(`The street did not come: ${reason(error)}`, true);
    }
  };

  /** @param {string} name */
  const thumb = (name) => {
    const picture = el("span", "cg-street-picture");
    const node = el("button", "cg-street", picture, el("span", "", name));
    node.type = "button";
    node.addEventListener("click", () => begin({ name, seed: null }));
    return { name, node, picture };
  };
  const thumbs = names.map(thumb);
  const fill = async () => {
    if (filled) return;
    filled = true;
    for (const { name, picture } of thumbs) {
      const answer = await ask({ name, seed: null }).catch(() => null);
      if (answer) picture.replaceChildren(small(answer.map, painter.colorOf));
      else filled = false; // try again when the menu opens next
    }
  };

  const seed = el("input", "cg-number");
  Object.assign(seed, { type: "number", min: 0, max: MAX_SEED, placeholder: "seed" });
  seed.setAttribute("aria-label", "Seed of the random street; empty for a new one");
  const seedWanted = () => (seed.value === "" ? null : Number(seed.value));
  const random = textButton("Random street", () => begin({ name: null, seed: seedWanted() }));
  seed.addEventListener("keydown", ({ key }) => key === "Enter" && random.click());
  menu.append(
    el("div", "cg-street-grid", ...thumbs.map(({ node }) => node)),
    el("div", "cg-bar", random, seed),
  );
  menuBelow(opener, menu, fill);

  /** Opens a project exactly, anything else as a picture of a label map. @param {File} file */
  async function openFile(file) {
    try {
      if (await openProject(file)) return;
      const tooLarge = `it has ${(file.size / 2 ** 20).toFixed(0)} MiB; use the Upload tab`;
      if (file.size > MAX_FILE_BYTES) throw new Error(tooLarge);
      const answer = accepted(await server.open_picture({ image: await dataUrl(file) }));
      openMap({ map: decodeMap(answer.map), seed: null }, answer.report);
      if (answer.target) await setTarget(answer.target.photo, answer.target.token);
    } catch (error) {
      painter.say(`The file was not opened: ${reason(error)}`, true);
    }
  }
  const open = textButton("Open", () => chooseFile("image/*", openFile), {
    title: "Open a project or a picture of a label map; you can also paste or drop it on the canvas",
  });
  acceptDrop(painter.root, openFile);
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    if (!file?.type.startsWith("image/") || typing || !painter.root.checkVisibility()) return;
    event.preventDefault();
    openFile(file);
  });
  return { element: el("div", "cg-begin", opener, open, menu) };
}

/** @param {LabelMap} map @param {(id: number) => number[]} colorOf */
function small(map, colorOf) {
  const w = THUMB_PX;
  const h = Math.round((w * map.height) / map.width);
  return mapPicture({ ids: resample(map, w, h), width: w, height: h }, colorOf);
}
