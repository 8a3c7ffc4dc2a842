/** What an empty canvas shows: a faint street to paint over, and a road and a sky to begin with. */

import { ghostStreet } from "../core/filling.js";
import { withRoad, withSky } from "../core/lint.js";
import { mapPicture, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { LabelClass, Painter } from "../types.js" */

const UNLABELED = 0;
const MOSTLY = 0.5; // of the map is unlabeled: then the photo says what it shows instead

/**
 * @param {Painter} painter
 * @param {() => boolean} fills whether unlabeled area is filled for the photo
 * @returns {{onStage: HTMLElement, caption: HTMLElement, update: () => void}} what lies on the canvas, and on the photo
 */
export function buildEmpty(painter, fills) {
  const { classes } = painter;
  const ghost = el("canvas", "cg-ghost");
  const drawGhost = () => {
    const { width, height } = painter;
    mapPicture({ ids: ghostStreet(width, height), width, height }, painter.colorOf, ghost);
  };

  /** @param {string} text @param {string} name of a class @param {typeof withRoad} add */
  const beginWith = (text, name, add) =>
    textButton(text, () => {
      const { id } = /** @type {LabelClass} */ (classes.find((c) => c.name === name));
      painter.setMap(add(painter, classes, id), text);
      painter.focus(); // this button is gone
    });
  const buttons = [beginWith("Add a road", "road", withRoad), beginWith("Add sky", "sky", withSky)];
  const onStage = el("div", "cg-empty-map", ghost, el("div", "cg-bar", ...buttons));
  const caption = el("p", "cg-caption", "Where nothing is painted yet, the photo shows a plain street.");

  const update = () => {
    const share = painter.counts[UNLABELED] / painter.ids.length;
    onStage.hidden = share < 1;
    ghost.hidden = !fills();
    caption.hidden = share < MOSTLY || !fills();
  };
  painter.subscribe(({ reshaped }) => {
    if (reshaped) drawGhost();
    update();
  });
  drawGhost();
  update();
  return { onStage, caption, update };
}
