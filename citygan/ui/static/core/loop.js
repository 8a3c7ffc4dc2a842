/** The loop that keeps the photo up with the brush. */

import { filled } from "./filling.js";
import { resample } from "./shapes.js";
import { crc32, encodeMap } from "./wire.js";

const MIN_GAP_MS = 50; // between two requests: at most 20 a second
const ANSWER_WITHIN_MS = 30_000;
const BUSY_PAUSE_MS = 300; // where the server does not say when to come back
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];
const RATE_OVER_MS = 2000;

/** @import { Painter, PhotoRequest, Server, Shot } from "../types.js" */
/** @import { LabelMap } from "./wire.js" */

/**
 * What photos are drawn with beside the map; `fill` says whether its unlabeled area is filled for them.
 * @typedef {Pick<PhotoRequest, "seed" | "target" | "light"> & {fill?: boolean}} Wishes
 */

/**
 * What the loop reports: a photo, that none is on its way, and how it goes.
 * @typedef {object} Reports
 * @property {(shot: Shot) => void} photo
 * @property {() => void} settled
 * @property {(kind: string, text: string) => void} state
 */

/**
 * Newest wins: one request in flight; when its photo is back, what the map is by then goes out next. It goes
 * at the size that the generator sees, a quarter of the bytes, and the photo comes back at that size.
 */
export class LiveLoop {
  #painter;
  #sizeOf;
  #render;
  #wishes;
  #on;
  #live = true;
  #inFlight = false;
  #held = false;
  /** @type {() => void} who waits until nothing is under way */
  #idle = () => {};
  #forced = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #lastSentAt = -Infinity;
  #midStroke = false; // whether the last request went out during a stroke
  #sentKey = ""; // of the request that was answered last or is on its way
  #refused = false; // whether the last answer was an error
  #serial = 0;
  #failures = 0;
  /** @type {number[]} */
  #arrivals = []; // when photos came

  /**
   * @param {LabelMap & Pick<Painter, "revision" | "stroking">} painter
   * @param {(map: LabelMap) => [number, number]} sizeOf width and height at which the generator draws a map
   * @param {Server["render"]} render
   * @param {() => Wishes} wishes
   * @param {Reports} on
   */
  constructor(painter, sizeOf, render, wishes, on) {
    this.#painter = painter;
    this.#sizeOf = sizeOf;
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
    this.#timer = undefined;
    this.#schedule(0);
  }

  /** Asks for nothing more, since something else will; comes back when nothing is under way. */
  async hold() {
    this.#held = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#inFlight) await new Promise((resolve) => (this.#idle = () => resolve(undefined)));
  }

  /** Goes on after `hold`. */
  release() {
    this.#held = false;
    this.#sentKey = "";
    this.changed();
  }

  /** The number of a photo that something else asked for, so that none of before takes its place. */
  nextSerial() {
    return ++this.#serial;
  }

  /** @param {number} waitMs */
  #schedule(waitMs) {
    if (this.#held) return;
    // The end of a stroke does not wait for its turn: people look at the photo then.
    const strokeEnded = this.#midStroke && !this.#painter.stroking && !waitMs;
    if (this.#inFlight || (this.#timer && !strokeEnded)) return;
    clearTimeout(this.#timer);
    const gap = strokeEnded ? 0 : this.#lastSentAt + MIN_GAP_MS - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#send();
      },
      Math.max(waitMs, gap, 0),
    );
  }

  async #send() {
    if (!this.#live && !this.#forced) return;
    const { ids, revision, stroking } = this.#painter;
    const { fill, ...wishes } = this.#wishes();
    const sum = crc32(ids);
    const key = JSON.stringify([sum, this.#painter.width, fill, wishes]);
    if (key === this.#sentKey) {
      if (!stroking && !this.#refused) this.#on.settled();
      return;
    }
    const map = { ids: ids.slice(), width: this.#painter.width, height: this.#painter.height };
    const drawn = fill ? filled(map) : map;
    const [width, height] = this.#sizeOf(map);
    const seen = resample(drawn, width, height);
    const request = { map: encodeMap({ ids: seen, width, height }, revision, !stroking), ...wishes };
    const forced = this.#forced;
    this.#sentKey = key;
    this.#forced = false;
    this.#inFlight = true;
    this.#lastSentAt = performance.now();
    this.#midStroke = stroking;
    const serial = ++this.#serial;
    const patience = setTimeout(() => this.#on.state("waiting", "Waiting for the photo"), 1200);
    const answer = await this.#answer(request);
    clearTimeout(patience);
    this.#inFlight = false;
    this.#idle();
    this.#refused = answer?.error !== undefined;
    if (answer?.photo && answer.map_crc32 === crc32(seen)) {
      this.#arrived({ ...answer, ...wishes, map, drawn, crc32: sum, revision, serial });
    } else if (answer?.error) {
      this.#on.state("error", answer.error);
      this.#schedule(0); // there may be another map by now
    } else {
      this.#sentKey = ""; // it has to go out again
      this.#forced ||= forced;
      this.#schedule(this.#pause(answer));
    }
  }

  /**
   * @param {PhotoRequest} request
   * @returns {ReturnType<Server["render"]>} undefined when nothing came back, or not in time
   */
  #answer(request) {
    /** @type {Promise<undefined>} */
    const late = new Promise((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS));
    return Promise.race([this.#render(request).catch(() => undefined), late]);
  }

  /** @param {Shot & {notice?: string}} shot */
  #arrived(shot) {
    this.#failures = 0;
    const now = performance.now();
    this.#arrivals = [...this.#arrivals.filter((at) => at > now - RATE_OVER_MS), now];
    const rate = (1000 * (this.#arrivals.length - 1)) / (now - this.#arrivals[0]);
    const ms = `${Math.round(now - this.#lastSentAt)} ms`;
    const pace = rate >= 2 ? `${ms} · ${rate.toFixed(0)} photos/s` : ms;
    this.#on.state("live", shot.notice ? `${pace} · ${shot.notice}` : pace);
    this.#on.photo(shot);
    if (this.#live || this.#forced) this.#schedule(0);
    else this.#on.settled();
  }

  /**
   * Says what is the matter.
   * @param {{busy?: boolean, retry_s?: number, photo?: string} | undefined} answer
   * @returns {number} milliseconds until the next try
   */
  #pause(answer) {
    if (answer?.busy) {
      this.#on.state("waiting", "Waiting for the photo");
      return answer.retry_s ? 1000 * answer.retry_s : BUSY_PAUSE_MS;
    }
    const pauseMs = BACKOFF_MS[Math.min(this.#failures++, BACKOFF_MS.length - 1)];
    if (answer?.photo) this.#on.state("waiting", "The server drew another map; asking again");
    else this.#on.state("gone", "No connection to the server; your map is safe, trying again");
    return pauseMs;
  }
}
