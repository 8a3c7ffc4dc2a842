/** Projects: a PNG that shows the photo and carries the document of the canvas. */

import { fromText, toText } from "../core/document.js";
import { embed, extract } from "../core/png.js";
import { crc32 } from "../core/wire.js";
import { download, mapPicture, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

const KEYWORD = "CityGAN project";

async function asPng(source, width, height) {
  const canvas = el("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").drawImage(source, 0, 0, width, height);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return new Uint8Array(await blob.arrayBuffer());
}

/**
 * The button that saves, and the function that opens.
 * @param {object} painter
 * @param {string} checkpoint its name
 * @param {{shot: () => object | null, seed: () => number | null, openMap: Function}} studio
 */
export function buildProject(painter, checkpoint, { shot, seed, openMap }) {
  async function save() {
    const text = toText({ map: painter, seed: seed(), checkpoint });
    let picture = mapPicture(painter, painter.colorOf);
    const photo = shot();
    if (photo?.crc32 === crc32(painter.ids)) {
      picture = new Image();
      picture.src = photo.photo;
      await picture.decode();
    }
    const png = embed(await asPng(picture, painter.width, painter.height), KEYWORD, text);
    const url = URL.createObjectURL(new Blob([png], { type: "image/png" }));
    download(url, "citygan-project.png");
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    painter.say("Project saved: a PNG with the map and the seed inside");
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

  const title = "Save a PNG that carries the map and the seed, and opens here again";
  return { element: textButton("Save", save, { title }), save, open };
}
