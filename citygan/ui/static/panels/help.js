/** The dialog that says what this is and lists the keys. */

import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";
import { KEY_LIST } from "../view/keys.js";

const ABOUT = `Each colour stands for a class of thing: road, sky, car and so on. Pick one, paint where it
 should be, and a neural network draws the photo of such a street. Begin with one of the Streets, or clear the
 map. Your maps are kept in this browser, under Streets.`;
const KEYS = "They work on the whole page, but not while you type in a field.";

const GESTURES = [
  "One finger paints with the tool in hand.",
  "Two fingers zoom and move the map; Fit shows all of it again.",
  "Polygon: tap its corners, then Done, or the ringed first corner.",
  "Hold the photo to see its map.",
];

export function helpDialog() {
  const list = el("dl", "cg-keys");
  for (const [keys, meaning] of KEY_LIST) {
    list.append(el("dt", "", el("kbd", "", keys)), el("dd", "", meaning));
  }
  const close = textButton("Close", () => dialog.close());
  const header = el("header", "", el("h2", "", "How to paint a street"), close);
  const fingers = el("ul", "cg-gestures", ...GESTURES.map((text) => el("li", "", text)));
  const about = [el("p", "", ABOUT), el("h3", "", "Fingers"), fingers];
  const keys = [el("h3", "", "Keys"), el("p", "", KEYS), list];
  const dialog = el("dialog", "cg-help", header, ...about, ...keys);
  dialog.setAttribute("aria-label", "Keys and help");
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}
