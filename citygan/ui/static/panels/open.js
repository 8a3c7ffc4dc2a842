/** Opens the visitor's own files: chosen, dropped on the canvas, or pasted; and says what they were read as. */

import { accepted, reason } from "../core/server.js";
import { decodeMap } from "../core/wire.js";
import { acceptDrop, chooseFile, dataUrl, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { OpenMap, Painter, Reading, Server } from "../types.js" */

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
  /** @param {string} image data URL @param {string} [readAs] the key of a reading */
  const openPicture = async (image, readAs) => {
    const answer = accepted(await server.open_picture(readAs ? { image, read_as: readAs } : { image }));
    openMap({ map: decodeMap(answer.map), seed: null }, answer.report);
    reading.show(answer.readings, (key) =>
      openPicture(image, key).catch((error) => painter.say(`It was not read so: ${reason(error)}`, true)),
    );
    if (answer.target) await setTarget(answer.target.photo, answer.target.token);
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
  const element = el("label", "cg-reading", "Read as", choice);
  element.hidden = true;
  /** @type {(key: string) => void} */
  let readAs = () => {};
  choice.addEventListener("change", () => readAs(choice.value));
  painter.root.addEventListener("cg-load", () => {
    element.hidden = true;
  });
  return {
    element,
    /** @param {Reading[]} readings how it was read, then how else @param {(key: string) => void} change */
    show: (readings, change) => {
      choice.replaceChildren(...readings.map(({ key, name }) => new Option(name, key)));
      element.hidden = readings.length < 2;
      readAs = change;
    },
  };
}
