/** The steps that can be taken back, and those that were and can be done again. */

const STEPS = 100;

/** @template Step */
export class History {
  /** @type {Step[]} */
  #undo = [];
  /** @type {Step[]} */
  #redo = [];

  get canUndo() {
    return this.#undo.length > 0;
  }

  get canRedo() {
    return this.#redo.length > 0;
  }

  /** The step that would be taken back next. */
  get last() {
    return this.#undo.at(-1);
  }

  /** Whether a step was neither taken back nor forgotten after many others. @param {Step | undefined} step */
  holds(step) {
    return step !== undefined && this.#undo.includes(step);
  }

  /** Adds a step; what was taken back cannot be done again from then on. @param {Step} step */
  keep(step) {
    this.#undo.push(step);
    if (this.#undo.length > STEPS) this.#undo.shift();
    this.#redo.length = 0;
  }

  clear() {
    this.#undo.length = 0;
    this.#redo.length = 0;
  }

  /** The step to take back, or to do again; undefined where there is none. @param {"before" | "after"} side */
  travel(side) {
    const [from, to] = side === "before" ? [this.#undo, this.#redo] : [this.#redo, this.#undo];
    const step = from.pop();
    if (step) to.push(step);
    return step;
  }
}
