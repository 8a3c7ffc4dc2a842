/** Projects: a PNG that shows the photo and carries the document of the canvas. */

import { fromText, toText } from "../core/document.js";
import { embed, extract } from "../core/png.js";
import { crc32 } from "../core/wire.js";
import { downloadBlob, mapPicture, pictureOf, textButton } from "../view/controls.js";
import { contextOf, el } from "../view/dom.js";

/** @import { Drawing, OpenMap, Painter, Shot } from "../types.js" */

const KEYWORD = "CityGAN project";

/** @param {CanvasImageSource} source @param {number} width @param {number} height */
async function asPng(source, width, height) {
  const canvas = el("canvas");
  canvas.width = width;
  canvas.height = height;
  contextOf(canvas).drawImage(source, 0, 0, width, height);
  /** @type {Blob | null} */
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Error("this browser makes no PNG");
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * The button that saves, and the function that opens.
 * @param {Painter} painter
 * @param {string} checkpoint its name
 * @param {{shot: () => Shot | null, drawing: () => Drawing, openMap: OpenMap}} studio
 */
export function buildProject(painter, checkpoint, { shot, drawing, openMap }) {
  async function save() {
    const text = toText({ map: painter, ...drawing(), checkpoint });
    const photo = shot();
    const shown =
      photo?.crc32 === crc32(painter.ids)
        ? await pictureOf(photo.photo)
        : mapPicture(painter, painter.colorOf);
    const png = embed(await asPng(shown, painter.width, painter.height), KEYWORD, text);
    downloadBlob(new Blob([png], { type: "image/png" }), "citygan-project.png");
    painter.say("Project saved: a PNG with the map, the seed and the light inside");
  }

  /** @param {Blob} file @returns {Promise<boolean>} whether it was a project */
  async function open(file) {
    const text = extract(new Uint8Array(await file.arrayBuffer()), KEYWORD);
    if (text === null) return false;
    const project = fromText(text, painter.known);
    const other = project.checkpoint !== checkpoint && `; its photo was made by ${project.checkpoint}`;
    openMap(project, `Project opened${other || ""}`);
    return true;
  }

  const title = "Save a PNG that carries the map, the seed and the light, and opens here again";
  return { element: textButton("Save", save, { title }), save, open };
}
