/** Opens the visitor's own files: chosen, dropped on the canvas, or pasted. */

import { accepted, reason } from "../core/server.js";
import { decodeMap } from "../core/wire.js";
import { acceptDrop, chooseFile, dataUrl, textButton } from "../view/controls.js";

/** @import { OpenMap, Painter, Server } from "../types.js" */

const MAX_FILE_BYTES = 5.5 * 2 ** 20; // as base64 in JSON it stays below the server's limit

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {{openMap: OpenMap, openProject: (file: File) => Promise<boolean>,
 *   setTarget: (url: string, token: string) => Promise<void>}} studio
 * @returns {HTMLButtonElement}
 */
export function buildOpen(painter, server, { openMap, openProject, setTarget }) {
  /** Opens a project exactly, anything else as a picture of a label map. @param {File} file */
  const openFile = async (file) => {
    try {
      if (await openProject(file)) return;
      if (file.size > MAX_FILE_BYTES) {
        const [has, most] = [file.size, MAX_FILE_BYTES].map((bytes) => (bytes / 2 ** 20).toFixed(1));
        throw new Error(`it has ${has} MiB, and ${most} open here; an Upload tab takes more`);
      }
      const answer = accepted(await server.open_picture({ image: await dataUrl(file) }));
      openMap({ map: decodeMap(answer.map), seed: null }, answer.report);
      if (answer.target) await setTarget(answer.target.photo, answer.target.token);
    } catch (error) {
      painter.say(`The file was not opened: ${reason(error)}`, true);
    }
  };
  acceptDrop(painter.root, openFile);
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    if (!file?.type.startsWith("image/") || typing || !painter.root.checkVisibility()) return;
    event.preventDefault();
    openFile(file);
  });
  return textButton("Open", () => chooseFile("image/*", openFile), {
    title: "Open a project or a picture of a label map; you can also paste or drop it on the canvas",
  });
}
