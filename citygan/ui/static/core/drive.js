/**
 * A drive along a street: asks for one picture after the other, as many as the machine makes, with a smooth start
 * and a smooth stop.
 */

import { accepted } from "./server.js";

export const PACE_M_S = 8;
const START_S = 2.5;
const STOP_S = 1.5;
const LONGEST_STEP_S = 0.2; // on a slow machine the drive is slow, too, rather than a row of jumps
const BUSY_PAUSE_MS = 300;
const RATE_OVER_MS = 3000;

/** @import { Drawing, DrivePicture, Place, Server } from "../types.js" */

/** From 0 to 1, and level at both ends. @param {number} share */
const smooth = (share) => {
  const s = Math.min(Math.max(share, 0), 1);
  return s * s * (3 - 2 * s);
};

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Drive {
  #server;
  #drawing;
  #show;
  /** @type {Place} */
  #place;
  #stopping = false;
  #ended = false;
  /** @type {number[]} when pictures came */
  #arrivals = [];

  /**
   * @param {Pick<Server, "drive">} server
   * @param {Place} place where it begins
   * @param {() => Drawing} drawing what the photos are drawn with; it may change on the way
   * @param {(picture: DrivePicture, place: Place) => void} show
   */
  constructor(server, place, drawing, show) {
    this.#server = server;
    this.#place = place;
    this.#drawing = drawing;
    this.#show = show;
  }

  get place() {
    return this.#place;
  }

  /** Pictures a second, over the last ones; 0 before the second. */
  get rate() {
    const steps = this.#arrivals.length - 1;
    return steps > 0 ? (1000 * steps) / (this.#arrivals[steps] - this.#arrivals[0]) : 0;
  }

  /** Comes to a stop; at once, if that was asked before. */
  stop() {
    this.#ended ||= this.#stopping;
    this.#stopping = true;
  }

  /** Ends with the last picture that came. */
  end() {
    this.#ended = true;
  }

  /**
   * Drives until it has stopped.
   * @throws {Error} no picture came, or none could be drawn
   */
  async run() {
    let driven = 0; // seconds since the start, or since it began to stop
    let pace = 0; // share of the full one
    let before = 0; // the pace at which it began to stop
    let braking = false;
    let last = performance.now();
    while (!this.#ended) {
      if (!(await this.#picture(pace)) || this.#ended) continue;
      if (braking && pace === 0) return;
      const now = performance.now();
      const step = Math.min((now - last) / 1000, LONGEST_STEP_S);
      last = now;
      if (this.#stopping && !braking) [braking, before, driven] = [true, pace, 0];
      driven += step;
      pace = braking ? before * (1 - smooth(driven / STOP_S)) : smooth(driven / START_S);
      const { at_m, time_s } = this.#place;
      this.#place = { ...this.#place, at_m: at_m + PACE_M_S * pace * step, time_s: time_s + step };
    }
  }

  /** @param {number} pace @returns {Promise<boolean>} whether it came; else the server had no time */
  async #picture(pace) {
    const place = this.#place;
    const answer = await this.#server.drive({ ...place, pace, ...this.#drawing() });
    if (answer?.busy) {
      await pause(BUSY_PAUSE_MS);
      return false;
    }
    const picture = accepted(answer);
    const now = performance.now();
    this.#arrivals = [...this.#arrivals.filter((at) => at > now - RATE_OVER_MS), now];
    if (!this.#ended) this.#show(picture, place);
    return true;
  }
}
