/** What the Upload tab's fields for files do beyond Gradio: words of our own for what is no image, and no animation. */

import { el } from "./dom.js";

const FIELDS = ["#cg-label-file", "#cg-target-file"];
const ANIMATED = /\.(gif|webp|avif|png)$/i;

/** Watches the fields, which exist once the tab was seen. It may be called again. */
export function watchFields() {
  for (const field of document.querySelectorAll(FIELDS.join())) {
    if (!(field instanceof HTMLElement) || field.dataset.watched) continue;
    field.dataset.watched = "true";
    watchField(field);
  }
}

/** @param {HTMLElement} field */
function watchField(field) {
  const refusal = el("p", "cg-read cg-refused");
  refusal.setAttribute("role", "alert");
  field.after(refusal);
  /** @param {Event} event @param {FileList | null | undefined} files */
  const refuse = (event, files) => {
    const file = files?.[0];
    const strange = file !== undefined && !file.type.startsWith("image/");
    refusal.textContent = strange ? `“${file.name}” is no image. Choose a PNG, JPEG or another picture.` : "";
    if (!strange) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.target instanceof HTMLInputElement) event.target.value = "";
  };
  field.addEventListener("drop", (event) => refuse(event, event.dataTransfer?.files), true);
  field.addEventListener(
    "change",
    (event) => refuse(event, event.target instanceof HTMLInputElement ? event.target.files : null),
    true,
  );
  field.addEventListener(
    "load",
    ({ target }) => {
      if (target instanceof HTMLImageElement) showFirstFrame(target);
    },
    true,
  );
}

/** Of an animation the first frame is read, so that is the one to show. @param {HTMLImageElement} image */
async function showFirstFrame(image) {
  const { src } = image;
  if (!ANIMATED.test(src) || !(await isAnimated(src))) return;
  const bitmap = await createImageBitmap(await (await fetch(src)).blob());
  const canvas = el("canvas");
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  if (image.src === src) image.src = canvas.toDataURL();
}

/** Whether a file has the mark of an animated GIF, WebP, AVIF or PNG near its beginning. @param {string} src */
async function isAnimated(src) {
  const head = await (await fetch(src)).blob().then((blob) => blob.slice(0, 4096).text());
  return head.startsWith("GIF") || /ANIM|acTL|avis/.test(head);
}
