/** The loop that keeps the photo up with the brush. */

import { resample } from "./shapes.js";
import { crc32, encodeMap } from "./wire.js";

const MIN_GAP_MS = 50; // between two requests: at most 20 a second
const ANSWER_WITHIN_MS = 30_000;
const BUSY_PAUSE_MS = 300; // on top of the two seconds that the server waits by itself
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];
const RATE_OVER_MS = 2000;

/**
 * @typedef {object} Photo
 * @property {string} photo data URL
 * @property {number} crc32 of the map that made it
 * @property {number} revision of the painter then
 * @property {number} serial counts the requests
 * @property {{ids: Uint8Array, width: number, height: number}} map that map
 * @property {Uint8Array} seen that map at the size that the generator sees
 * @property {number | null} seed
 * @property {{ssim: number, psnr: number, percentile: number | null, percentile_of: string | null} | null} scores
 */

/**
 * Newest wins: one request in flight; when its photo is back, what the map is by then goes out next. It goes at the
 * size that the generator sees, a quarter of the bytes, and the photo comes back at that size.
 */
export class LiveLoop {
  #painter;
  #size;
  #render;
  #wishes;
  #on;
  #live = true;
  #inFlight = false;
  #forced = false;
  #timer = 0;
  #lastSentAt = -Infinity;
  #midStroke = false; // whether the last request went out during a stroke
  #sentKey = ""; // of the request whose photo is shown or on its way
  #serial = 0;
  #failures = 0;
  #arrivals = [];

  /**
   * @param {object} painter
   * @param {number[]} size width and height that the generator sees
   * @param {(request: object) => Promise<object | undefined>} render undefined when the server is gone
   * @param {() => {seed: number | null, target: string | null}} wishes
   * @param {{photo: (photo: Photo) => void, settled: () => void, state: (kind: string, text: string) => void}} on
   */
  constructor(painter, size, render, wishes, on) {
    this.#painter = painter;
    this.#size = size;
    this.#render = render;
    this.#wishes = wishes;
    this.#on = on;
  }

  get live() {
    return this.#live;
  }

  set live(live) {
    this.#live = live;
    this.changed();
  }

  /** Something that a photo depends on is different now. */
  changed() {
    if (this.#live) this.#schedule(0);
    else this.#on.state("paused", "Live is off");
  }

  /** Asks for a photo whether live or not, and again if it is the same one. */
  now() {
    this.#forced = true;
    this.#sentKey = "";
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#schedule(0);
  }

  #schedule(waitMs) {
    // The end of a stroke does not wait for its turn: people look at the photo then.
    const strokeEnded = this.#midStroke && !this.#painter.stroking && !waitMs;
    if (this.#inFlight || (this.#timer && !strokeEnded)) return;
    clearTimeout(this.#timer);
    const gap = strokeEnded ? 0 : this.#lastSentAt + MIN_GAP_MS - performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#send();
    }, Math.max(waitMs, gap, 0));
  }

  async #send() {
    if (!this.#live && !this.#forced) return;
    const { ids, width, height, revision, stroking } = this.#painter;
    const wishes = this.#wishes();
    const sum = crc32(ids);
    const key = [sum, wishes.seed, wishes.target].join();
    if (key === this.#sentKey) {
      if (!stroking) this.#on.settled();
      return;
    }
    const seen = resample(ids, width, height, ...this.#size);
    const request = { map: encodeMap({ ids: seen, width: this.#size[0], height: this.#size[1] }, revision, !stroking), ...wishes };
    const map = { ids: ids.slice(), width, height };
    const forced = this.#forced;
    this.#sentKey = key;
    this.#forced = false;
    this.#inFlight = true;
    this.#lastSentAt = performance.now();
    this.#midStroke = stroking;
    const serial = ++this.#serial;
    const patience = setTimeout(() => this.#on.state("waiting", "Waiting for the server"), 1200);
    const answer = await this.#answer(request);
    clearTimeout(patience);
    this.#inFlight = false;
    if (answer?.photo) {
      this.#arrived({ ...answer, ...wishes, map, seen, crc32: sum, revision, serial });
    } else if (answer?.error) {
      this.#on.state("error", answer.error);
    } else {
      this.#sentKey = ""; // it has to go out again
      this.#forced ||= forced;
      this.#schedule(this.#pause(answer));
    }
  }

  /** @returns {Promise<object | undefined>} undefined when nothing came back, or not in time */
  #answer(request) {
    const late = new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS));
    return Promise.race([this.#render(request).catch(() => undefined), late]);
  }

  #arrived(photo) {
    this.#failures = 0;
    const now = performance.now();
    this.#arrivals = [...this.#arrivals.filter((at) => at > now - RATE_OVER_MS), now];
    const rate = (1000 * (this.#arrivals.length - 1)) / (now - this.#arrivals[0]);
    const ms = `${Math.round(now - this.#lastSentAt)} ms`;
    this.#on.state("live", rate >= 2 ? `${ms} · ${rate.toFixed(0)} photos/s` : ms);
    this.#on.photo(photo);
    if (this.#live || this.#forced) this.#schedule(0);
    else this.#on.settled();
  }

  /** Says what is the matter. @returns {number} milliseconds until the next try */
  #pause(answer) {
    if (answer?.busy) {
      this.#on.state("waiting", "Waiting for the server");
      return BUSY_PAUSE_MS;
    }
    const pauseMs = BACKOFF_MS[Math.min(this.#failures++, BACKOFF_MS.length - 1)];
    this.#on.state("gone", "No connection to the server; your map is safe, trying again");
    return pauseMs;
  }
}
