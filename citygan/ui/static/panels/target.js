/** The target: a real photo to compare with and to paint over, and how near the photo comes to it. */

import { accepted, reason } from "../core/server.js";
import { acceptDrop, chooseFile, pictureOf, scaledDown, slider, textButton } from "../view/controls.js";
import { el, svg } from "../view/dom.js";

/** @import { Painter, Server, Shot } from "../types.js" */

const CURVE = { width: 160, height: 36, points: 60 };
const SEND_AT_MOST_PX = 1024; // larger photos are scaled here: the server compares at 512 px

export class Target {
  #painter;
  #server;
  #changed;
  /** @type {string | null} what the server knows the target by */
  #token = null;
  /** @type {HTMLImageElement | null} */
  #picture = null;
  /** @type {number[]} the SSIM of the last photos */
  #history = [];
  #pick;
  #about;
  #overlay;
  #thumb = el("span", "cg-target-thumb");
  #figures = el("span", "cg-figures");
  #curve = buildCurve();

  /**
   * @param {Painter} painter
   * @param {Server} server
   * @param {(src: string | null) => void} changed
   */
  constructor(painter, server, changed) {
    this.#painter = painter;
    this.#server = server;
    this.#changed = changed;
    this.#pick = textButton("Add target", () => chooseFile("image/*", (file) => this.#use(file)), {
      title: "A real photo to compare with (SSIM); you can also drop it on the photo",
    });
    this.#overlay = slider("On canvas", { value: 0 }, () => this.#layOver());
    const scores = el("div", "cg-scores", this.#figures, this.#curve.element);
    const remove = textButton("Remove", () => this.#clear());
    this.#about = el("div", "cg-target-about", this.#thumb, scores, this.#overlay.element, remove);
    this.#about.hidden = true;
    this.element = el("section", "cg-target", this.#pick, this.#about);
    this.element.setAttribute("aria-label", "Target photo");
  }

  /** What the server knows the target by; null while there is none. */
  get token() {
    return this.#token;
  }

  /** Lets a photo be dropped on an element. @param {HTMLElement} element */
  acceptOn(element) {
    acceptDrop(element, (file) => this.#use(file));
  }

  /** @param {string} url data URL @param {string} [known] token, if the server has it already */
  async set(url, known) {
    const picture = await pictureOf(url);
    picture.alt = "Target";
    this.#token = known ?? accepted(await this.#server.set_target({ image: url })).token;
    this.#history = [];
    this.#thumb.replaceChildren(picture);
    this.#figures.textContent = "SSIM …";
    this.#curve.draw(this.#history);
    this.#show(picture);
  }

  /** Shows the scores of a photo; sends the target again if the server has dropped it. @param {Shot} shot */
  score(shot) {
    if (!this.#picture || !this.#token || shot.target !== this.#token) return;
    if (shot.target_missing) {
      const lost = (/** @type {unknown} */ error) =>
        this.#painter.say(`The target is lost: ${reason(error)}`, true);
      this.set(this.#picture.src).catch(lost);
    }
    if (!shot.scores) return;
    const { ssim, psnr, percentile, percentile_of: photos } = shot.scores;
    const better = percentile === null ? "" : ` · better than ${percentile}% of ${photos}`;
    this.#figures.textContent = `SSIM ${ssim.toFixed(3)} · PSNR ${psnr.toFixed(1)} dB${better}`;
    this.#history = [...this.#history, ssim].slice(-CURVE.points);
    this.#curve.draw(this.#history);
  }

  /** @param {Blob} file */
  async #use(file) {
    try {
      await this.set(await scaledDown(file, SEND_AT_MOST_PX));
      this.#painter.say("Target set");
    } catch (error) {
      this.#painter.say(`That target cannot be used: ${reason(error)}`, true);
    }
  }

  #clear() {
    this.#token = null;
    this.#show(null);
    this.#pick.focus();
  }

  /** @param {HTMLImageElement | null} picture */
  #show(picture) {
    this.#picture = picture;
    this.#pick.hidden = picture !== null;
    this.#about.hidden = picture === null;
    this.#layOver();
    this.#changed(picture?.src ?? null);
  }

  /** Lays the target over the canvas, as strong as the slider says. */
  #layOver() {
    this.#painter.setOverlay(this.#picture, Number(this.#overlay.input.value) / 100);
  }
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
