/** The menu of files; they are made without loss when one is asked for. */

import { accepted, reason } from "../core/server.js";
import { encodeMap } from "../core/wire.js";
import { download, menuBelow, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { FileField, Files, Painter, Server, Shot } from "../types.js" */

const BUSY_TRIES = 5;

/** @type {[FileField, string, string][]} what the server calls it, what the menu does, and the file's name */
const FILES = [
  ["photo", "Photo", "photo"],
  ["pair", "Photo and map side by side", "pair"],
  ["labels_color", "Label map in colours", "labels-color"],
  ["labels_ids", "Label map as class ids", "labels-ids"],
  ["ssim_map", "SSIM map (white is equal)", "ssim-map"],
];

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {{shot: () => Shot | null, target: () => string | null, saveTimelapse: () => void}} studio
 */
export function buildDownloads(painter, server, { shot: shotOf, target, saveTimelapse }) {
  const opener = textButton("Download", () => {});
  const menu = el("div", "cg-downloads");
  /** @type {{shot: Shot, files: Files} | null} */
  let made = null;

  /** @param {Shot} shot */
  const files = async (shot) => {
    if (made?.shot === shot) return made.files;
    const map = encodeMap(shot.map, shot.revision, true);
    const drawn = shot.drawn === shot.map ? null : encodeMap(shot.drawn, shot.revision, true);
    const { seed, light, again = null } = shot;
    const request = { map, drawn, seed, light, again, target: target() };
    let answer = await server.final_result(request);
    for (let i = 1; i < BUSY_TRIES && answer?.busy; i++) {
      const { retry_s = 0 } = answer;
      await new Promise((resolve) => setTimeout(resolve, 1000 * retry_s));
      answer = await server.final_result(request);
    }
    made = { shot, files: accepted(answer) };
    return made.files;
  };

  /** @param {FileField} field @param {string} name */
  const save = async (field, name) => {
    const shot = shotOf();
    if (!shot) return painter.say("There is no photo yet");
    try {
      const url = (await files(shot))[field];
      if (!url) return painter.say("There is no target, so there is no SSIM map");
      download(url, `citygan-${name}.png`);
      return painter.say("Downloaded");
    } catch (error) {
      return painter.say(`Not downloaded: ${reason(error)}`, true);
    }
  };

  /** @param {string} file @param {string} text @param {() => void} run */
  const item = (file, text, run) => {
    const close = () => {
      menu.hidePopover();
      run();
    };
    const node = textButton(text, close, { className: "cg-menu-item" });
    node.dataset.file = file;
    menu.append(node);
    return node;
  };
  const items = new Map(
    FILES.map(([field, text, name]) => [field, item(field, text, () => save(field, name))]),
  );
  item("timelapse", "Time-lapse of your painting (video)", saveTimelapse);
  menuBelow(opener, menu, () => items.get("ssim_map")?.toggleAttribute("hidden", !target()));
  return { opener, menu };
}
