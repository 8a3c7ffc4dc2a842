/** The target: a real photo to compare with and to paint over, and how near the photo comes to it. */

import { accepted, reason } from "../core/server.js";
import { acceptDrop, chooseFile, dataUrl, pictureOf, slider, textButton } from "../view/controls.js";
import { contextOf, el, svg } from "../view/dom.js";

/** @import { Painter, Server, Shot } from "../types.js" */

const CURVE = { width: 160, height: 36, points: 60 };
const SEND_AT_MOST_PX = 1024; // larger photos are scaled here: the server compares at 512 px

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {{changed: (src: string | null) => void}} studio
 */
export function buildTarget(painter, server, { changed }) {
  /** @type {string | null} */
  let token = null;
  /** @type {HTMLImageElement | null} */
  let picture = null;
  /** @type {number[]} the SSIM of the last photos */
  let history = [];

  const pick = textButton("Add target", () => chooseFile("image/*", use), {
    title: "A real photo to compare with (SSIM); you can also drop it on the photo",
  });
  const thumb = el("span", "cg-target-thumb");
  const figures = el("span", "cg-figures");
  const curve = buildCurve();
  const overlay = slider("On canvas", { value: 0 }, (percent) => painter.setOverlay(picture, percent / 100));
  const remove = textButton("Remove", clear);
  const scores = el("div", "cg-scores", figures, curve.element);
  const about = el("div", "cg-target-about", thumb, scores, overlay.element, remove);
  const element = el("section", "cg-target", pick, about);
  element.setAttribute("aria-label", "Target photo");
  about.hidden = true;

  /** @param {Blob} file */
  async function use(file) {
    try {
      await set(await scaledDown(file));
      painter.say("Target set");
    } catch (error) {
      painter.say(`That target cannot be used: ${reason(error)}`, true);
    }
  }

  /** @param {string} url data URL @param {string} [known] token, if the server has it already */
  async function set(url, known) {
    const next = await pictureOf(url);
    next.alt = "Target";
    token = known ?? accepted(await server.set_target({ image: url })).token;
    picture = next;
    history = [];
    thumb.replaceChildren(next);
    figures.textContent = "SSIM …";
    curve.draw(history);
    pick.hidden = true;
    about.hidden = false;
    painter.setOverlay(picture, Number(overlay.input.value) / 100);
    changed(url);
  }

  function clear() {
    token = picture = null;
    painter.setOverlay(null, 0);
    pick.hidden = false;
    about.hidden = true;
    pick.focus();
    changed(null);
  }

  /** Shows the scores of a photo; sends the target again if the server has dropped it. @param {Shot} shot */
  function score(shot) {
    if (!picture || !token || shot.target !== token) return;
    if (shot.target_missing) {
      set(picture.src).catch((error) => painter.say(`The target is lost: ${reason(error)}`, true));
    }
    if (!shot.scores) return;
    const { ssim, psnr, percentile, percentile_of: photos } = shot.scores;
    const better = percentile === null ? "" : ` · better than ${percentile}% of ${photos}`;
    figures.textContent = `SSIM ${ssim.toFixed(3)} · PSNR ${psnr.toFixed(1)} dB${better}`;
    history = [...history, ssim].slice(-CURVE.points);
    curve.draw(history);
  }

  return {
    element,
    use,
    set,
    score,
    /** @param {HTMLElement} node */
    acceptOn: (node) => acceptDrop(node, use),
    get token() {
      return token;
    },
  };
}

/** A data URL of the photo, not larger than what the server keeps is worth. @param {Blob} file */
async function scaledDown(file) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error("it is no image that this browser can open");
  });
  const scale = SEND_AT_MOST_PX / Math.max(bitmap.width, bitmap.height);
  if (scale >= 1) return dataUrl(file);
  const canvas = el("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

/** The SSIM of the last photos as a line. */
function buildCurve() {
  const line = svg("polyline");
  const viewBox = `0 0 ${CURVE.width} ${CURVE.height}`;
  const look = { class: "cg-curve", viewBox, preserveAspectRatio: "xMinYMid", role: "img" };
  const element = svg("svg", look, line);
  return {
    element,
    /** @param {number[]} values */
    draw: (values) => {
      const low = Math.min(...values);
      const span = Math.max(...values) - low || 1;
      const points = values.map((value, i) => {
        const x = (CURVE.width * i) / Math.max(1, values.length - 1);
        const y = CURVE.height - 3 - ((CURVE.height - 6) * (value - low)) / span;
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
      line.setAttribute("points", points.join(" "));
      const [first, last] = [values[0], values[values.length - 1]];
      const change = values.length > 1 ? `, from ${first.toFixed(3)} to ${last.toFixed(3)}` : "";
      element.setAttribute("aria-label", `SSIM over the last ${values.length} photos${change}`);
    },
  };
}
