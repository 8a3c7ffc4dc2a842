/** Ways to begin: a drawn street, a random one, a picture or a project from the visitor's own files. */

import { acceptDrop, chooseFile, dataUrl, mapPicture, menuBelow, textButton } from "../view/controls.js";
import { resample } from "../core/shapes.js";
import { el } from "../view/dom.js";
import { decodeMap } from "../core/wire.js";

const THUMB_PX = 120;
const MAX_FILE_BYTES = 5.5 * 2 ** 20; // as base64 in JSON it stays below the server's limit
const MAX_SEED = 2 ** 31 - 1;

/**
 * @param {object} painter
 * @param {string[]} names of the drawn streets
 * @param {object} server
 * @param {{openMap: Function, project: object, target: object}} studio
 */
export function buildStarters(painter, names, server, { openMap, project, target }) {
  const menu = el("div", "cg-streets");
  const opener = textButton("Streets", () => {}, { title: "Begin with a drawn or a random street" });
  opener.classList.add("cg-opens");
  let filled = false;

  const ask = async (request) => {
    const answer = await server.street(request);
    if (!answer?.map) throw new Error(answer?.error ?? "there is no connection to the server");
    return { ...answer, map: decodeMap(answer.map) };
  };
  const begin = async (request) => {
    menu.hidePopover();
    try {
      const { map, name, seed } = await ask(request);
      openMap({ map, seed: null }, name ? `Street: ${name}` : `Random street ${seed}`);
    } catch (error) {
      painter.say(`The street did not come: ${error.message}`, true);
    }
  };

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
  seed.addEventListener("keydown", (event) => event.key === "Enter" && random.click());
  menu.append(
    el("div", "cg-street-grid", ...thumbs.map(({ node }) => node)),
    el("div", "cg-bar", random, seed),
  );
  menuBelow(opener, menu, fill);

  /** Opens a project exactly, anything else as a picture of a label map. @param {File} file */
  async function openFile(file) {
    try {
      if (await project.open(file)) return;
      const tooLarge = `it has ${(file.size / 2 ** 20).toFixed(0)} MiB; use the Upload tab`;
      if (file.size > MAX_FILE_BYTES) throw new Error(tooLarge);
      const answer = await server.open_picture({ image: await dataUrl(file) });
      if (!answer?.map) throw new Error(answer?.error ?? "there is no connection to the server");
      openMap({ map: decodeMap(answer.map), seed: null }, answer.report);
      if (answer.target) await target.set(answer.target.photo, answer.target.token);
    } catch (error) {
      painter.say(`The file was not opened: ${error.message}`, true);
    }
  }
  const open = textButton("Open", () => chooseFile("image/*", openFile), {
    title: "Open a project or a picture of a label map; you can also paste or drop it on the canvas",
  });
  acceptDrop(painter.root, openFile);
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    const elsewhere = event.target.closest?.("input, textarea") || !painter.root.checkVisibility();
    if (!file?.type.startsWith("image/") || elsewhere) return;
    event.preventDefault();
    openFile(file);
  });
  return { element: el("div", "cg-begin", opener, open, menu) };
}

function small(map, colorOf) {
  const w = THUMB_PX;
  const h = Math.round((w * map.height) / map.width);
  return mapPicture({ ids: resample(map, w, h), width: w, height: h }, colorOf);
}
