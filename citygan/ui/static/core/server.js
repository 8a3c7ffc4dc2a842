/** What to make of the server's answers. */

/** @import { Accepted, Refusal } from "../types.js" */

/**
 * An answer that is no refusal.
 * @template {Accepted} Answer
 * @param {Answer | Refusal | undefined} answer
 * @returns {Answer}
 * @throws {Error} it is one, or nothing came back; the message says which
 */
export function accepted(answer) {
  if (!answer) throw new Error("there is no connection to the server");
  if (answer.busy) throw new Error("the server is busy; try again in a moment");
  if (answer.error !== undefined) throw new Error(answer.error);
  return /** @type {Answer} */ (answer);
}

/** Why something failed, for people. @param {unknown} error */
export function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
