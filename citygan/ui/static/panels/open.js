/** Opens the visitor's own files: chosen, dropped on the canvas, or pasted; and says what they were read as. */

import { accepted, reason } from "../core/server.js";
import { decodeMap } from "../core/wire.js";
import { acceptDrop, chooseFile, dataUrl, scaledPhoto, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { askPalette, rememberedPalette } from "./colors.js";

/** @import { AboutFile, OpenMap, Painter, Reading, Server } from "../types.js" */
/** @import { Shares } from "./colors.js" */

const OWN = "own"; // the reading by what the visitor says
const LOSSY = ["image/jpeg", "image/webp", "image/avif"];
const PHOTO_PX = 2048; // the longer side of what the server makes of a larger one
const MAX_FILE_BYTES = 5.5 * 2 ** 20; // as base64 in JSON it stays below the server's limit

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {boolean} readsPhotos whether the server finds maps in photos
 * @param {{openMap: OpenMap, openProject: (file: File) => Promise<boolean>,
 *   setTarget: (url: string, token: string) => Promise<void>,
 *   setLight: (numbers: number[], url: string) => Promise<void>}} studio
 * @returns {{openers: HTMLButtonElement[], reading: HTMLElement, show: (about: AboutFile) => Promise<void>}}
 *   what the map was read as, and what shows it of a map that was opened elsewhere
 */
export function buildOpen(painter, server, readsPhotos, { openMap, openProject, setTarget, setLight }) {
  const reading = buildReading(painter);
  /** Opens a project exactly, anything else as a picture of a label map. @param {File} file */
  const openFile = async (file) => {
    try {
      if (await openProject(file)) return;
      if (file.size > MAX_FILE_BYTES && LOSSY.includes(file.type)) {
        await openPicture(await scaledPhoto(file, PHOTO_PX));
        return;
      }
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
    await show(answer, (key) =>
      openPicture(image, key).catch((error) => painter.say(`It was not read so: ${reason(error)}`, true)),
    );
  };
  /** @param {AboutFile} about a file whose map is open @param {(key: string) => void} [change] the reading */
  const show = async ({ report, predicted, readings, target, light }, change) => {
    painter.say(report);
    reading.show(change ? readings : readings.slice(0, 1), predicted, change);
    if (target && light) await setLight(light, target.photo);
    if (target) await setTarget(target.photo, target.token);
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
  acceptDrop(document.body, (file) => painter.root.checkVisibility() && openFile(file));
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
  const photo = textButton("From a photo", () => chooseFile("image/*", openFile), {
    title: "Find the map in a photo of a street; you can also paste or drop it on the canvas",
  });
  return { openers: readsPhotos ? [opener, photo] : [opener], reading: reading.element, show };
}

/**
 * What the map was read as, where it could also be something else or is a guess; gone when another map takes its
 * place, or the one before is back.
 * @param {Painter} painter
 */
function buildReading(painter) {
  const choice = el("select");
  const guess = el("span");
  const change = textButton("Change the colours' classes", () => readAs?.(OWN));
  const element = el("div", "cg-reading", el("label", "", "Read as ", choice), change, guess);
  element.hidden = true;
  /** @type {((key: string) => void) | undefined} */
  let readAs;
  choice.addEventListener("change", () => readAs?.(choice.value));
  /** Whether the map is still the one that was read, whatever was painted on it. */
  let stands = () => false;
  let wanted = false;
  const update = () => {
    element.hidden = !wanted || !stands();
  };
  painter.root.addEventListener("cg-load", () => {
    wanted = false;
    update();
  });
  painter.subscribe(update);
  return {
    element,
    /** Shows what the map is read as again, after something else was asked for in vain. */
    reset: () => {
      choice.selectedIndex = 0;
    },
    /**
     * @param {Reading[]} readings how it was read, then how else
     * @param {number | null} predicted the class IoU of the network that found the map in a photo
     * @param {(key: string) => void} [read]
     */
    show: (readings, predicted, read) => {
      choice.replaceChildren(...readings.map(({ key, name }) => new Option(name, key)));
      guess.textContent =
        predicted === null ? "" : `The map is a prediction, class IoU ${predicted.toFixed(2)}`;
      change.hidden = readings[0]?.key !== OWN || !read;
      wanted = readings.length > 1 || predicted !== null || !change.hidden;
      stands = painter.sinceNow();
      update();
      readAs = read;
    },
  };
}
