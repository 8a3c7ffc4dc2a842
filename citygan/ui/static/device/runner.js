/** Where photos are made: by the server, or on this device until it fails. */

import { reason } from "../core/server.js";

/** @import { Backend, PhotoAnswer, PhotoRequest, Server, Refusal, Accepted } from "../types.js" */

export const SLOW_MS = 1000; // for a photo; so many in a row are too slow
const MOST_SLOW = 3;
const ANSWER_WITHIN_MS = 10_000;

/**
 * `DeviceEngine`, as far as it counts here.
 * @typedef {object} Engine
 * @property {Backend} backend
 * @property {(request: PhotoRequest) => Promise<PhotoAnswer & Accepted | Refusal>} render
 * @property {() => void} close
 */

/**
 * What it reports.
 * @typedef {object} Reports
 * @property {(place: "server" | "opening" | Backend) => void} place which is another now
 * @property {(text: string) => void} failed
 */

export class Runner {
  #server;
  #open;
  #on;
  /** @type {Engine | null} */
  #engine = null;
  #wish = 0; // counts the choices: an engine that is ready too late is let go
  #slow = 0;

  /**
   * @param {Pick<Server, "render" | "scores_of">} server
   * @param {() => Promise<Engine>} open
   * @param {Reports} on
   */
  constructor(server, open, on) {
    this.#server = server;
    this.#open = open;
    this.#on = on;
  }

  /** Photos come from the server until this device is ready. */
  async useDevice() {
    const wish = ++this.#wish;
    this.#on.place("opening");
    try {
      const engine = await this.#open();
      if (wish !== this.#wish) return engine.close();
      this.#engine = engine;
      this.#slow = 0;
      this.#on.place(engine.backend);
    } catch (error) {
      if (wish === this.#wish) this.#fallBack(`This device could not be made ready: ${reason(error)}`);
    }
  }

  useServer() {
    this.#wish++;
    this.#engine?.close();
    this.#engine = null;
    this.#on.place("server");
  }

  /** @type {Server["render"]} */
  render = async (request) => {
    const engine = this.#engine;
    if (!engine) return this.#server.render(request);
    const began = performance.now();
    try {
      const answer = await inTime(engine.render(request));
      if (engine === this.#engine) this.#pace(performance.now() - began);
      return await this.#scored(request, answer);
    } catch (error) {
      if (engine === this.#engine) this.#fallBack(`This device makes no photos: ${reason(error)}`);
      return this.#server.render(request);
    }
  };

  /**
   * Has the server compare the photo with its target.
   * @param {PhotoRequest} request
   * @param {PhotoAnswer & Accepted | Refusal} answer
   * @returns {Promise<PhotoAnswer & Accepted | Refusal>}
   */
  async #scored({ target }, answer) {
    if (target === null || !answer.photo) return answer;
    const scores = await this.#server.scores_of({ image: answer.photo, target }).catch(() => undefined);
    if (!scores || !("scores" in scores)) return answer;
    return { ...answer, scores: scores.scores, target_missing: scores.target_missing };
  }

  /** @param {number} ms that a photo took */
  #pace(ms) {
    this.#slow = ms > SLOW_MS ? this.#slow + 1 : 0;
    if (this.#slow === MOST_SLOW) this.#fallBack("This device takes more than a second for a photo");
  }

  /** @param {string} why */
  #fallBack(why) {
    this.useServer();
    this.#on.failed(`${why}. The server makes them again`);
  }
}

/** @template T @param {Promise<T>} promise @returns {Promise<T>} */
function inTime(promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it does not answer")), ANSWER_WITHIN_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
