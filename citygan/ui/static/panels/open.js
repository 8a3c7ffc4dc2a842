/** Opens the visitor's own files: chosen, dropped on the canvas, or pasted; and says what they were read as. */

import { accepted, reason } from "../core/server.js";
import { decodeMap } from "../core/wire.js";
import { acceptDrop, chooseFile, dataUrl, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { askPalette, rememberedPalette } from "./colors.js";

/** @import { OpenMap, Painter, Reading, Server } from "../types.js" */
/** @import { Shares } from "./colors.js" */

const OWN = "own"; // the reading by what the visitor says
const MAX_FILE_BYTES = 5.5 * 2 ** 20; // as base64 in JSON it stays below the server's limit

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {{openMap: OpenMap, openProject: (file: File) => Promise<boolean>,
 *   setTarget: (url: string, token: string) => Promise<void>}} studio
 * @returns {{opener: HTMLButtonElement, reading: HTMLElement}} the second says what the map was read as
 */
export function buildOpen(painter, server, { openMap, openProject, setTarget }) {
  const reading = buildReading(painter);
  /** Opens a project exactly, anything else as a picture of a label map. @param {File} file */
  const openFile = async (file) => {
    try {
      if (await openProject(file)) return;
      if (file.size > MAX_FILE_BYTES) {
        const [has, most] = [file.size, MAX_FILE_BYTES].map((bytes) => (bytes / 2 ** 20).toFixed(1));
        throw new Error(`it has ${has} MiB, and ${most} open here; an Upload tab takes more`);
      }
      await openPicture(await dataUrl(file));
    } catch (error) {
      painter.say(`The file was not opened: ${reason(error)}`, true);
    }
  };
  /**
   * @param {string} image data URL
   * @param {string} [readAs] the key of a reading, or a palette as JSON
   * @returns {Promise<void>}
   */
  const openPicture = async (image, readAs) => {
    const sent = await server.open_picture(readAs ? { image, read_as: readAs } : { image });
    if (sent && "colors" in sent) {
      return askAndOpen(image, /** @type {Shares} */ (sent.colors), readAs === OWN);
    }
    const answer = accepted(sent);
    openMap({ map: decodeMap(answer.map), seed: null }, answer.report);
    reading.show(answer.readings, (key) =>
      openPicture(image, key).catch((error) => painter.say(`It was not read so: ${reason(error)}`, true)),
    );
    if (answer.target) await setTarget(answer.target.photo, answer.target.token);
  };
  /**
   * @param {string} image data URL
   * @param {Shares} colors
   * @param {boolean} again whether to change the answers
   * @returns {Promise<void>}
   */
  const askAndOpen = async (image, colors, again) => {
    const names = painter.classes.map(({ name }) => name);
    const palette = (!again && rememberedPalette(colors)) || (await askPalette(colors, names, image));
    if (palette) return openPicture(image, JSON.stringify(palette));
    reading.reset();
    return painter.say("The file was not opened");
  };
  acceptDrop(painter.root, openFile);
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    if (!file?.type.startsWith("image/") || typing || !painter.root.checkVisibility()) return;
    event.preventDefault();
    openFile(file);
  });
  const opener = textButton("Open", () => chooseFile("image/*", openFile), {
    title: "Open a project or a picture of a label map; you can also paste or drop it on the canvas",
  });
  return { opener, reading: reading.element };
}

/**
 * What the map was read as, where it could also be something else; gone when another map takes its place.
 * @param {Painter} painter
 */
function buildReading(painter) {
  const choice = el("select");
  const change = textButton("Change the colours' classes", () => readAs(OWN));
  const element = el("div", "cg-reading", el("label", "", "Read as ", choice), change);
  element.hidden = true;
  /** @type {(key: string) => void} */
  let readAs = () => {};
  choice.addEventListener("change", () => readAs(choice.value));
  painter.root.addEventListener("cg-load", () => {
    element.hidden = true;
  });
  return {
    element,
    /** Shows what the map is read as again, after something else was asked for in vain. */
    reset: () => {
      choice.selectedIndex = 0;
    },
    /** @param {Reading[]} readings how it was read, then how else @param {(key: string) => void} read */
    show: (readings, read) => {
      choice.replaceChildren(...readings.map(({ key, name }) => new Option(name, key)));
      change.hidden = readings[0]?.key !== OWN;
      element.hidden = readings.length < 2 && change.hidden;
      readAs = read;
    },
  };
}
