/** The buttons beside the stamped thing that is picked: smaller, larger, copy, delete. */

import { boundsOf } from "../core/objects.js";
import { textButton } from "./controls.js";
import { el } from "./dom.js";

/** @import { Toolbox } from "./toolbox.js" */

const GAP_PX = 8; // between the thing and its buttons

/** @param {Toolbox} tools */
export function buildObjectBar(tools) {
  const { stamper, state, surface } = tools;
  const stage = surface.element;
  /** @param {() => void} run */
  const then = (run) => () => {
    run();
    if (!stamper.picked) stage.focus({ preventScroll: true }); // these buttons are gone
  };
  const className = "cg-button";
  const buttons = [
    textButton(
      "−",
      then(() => stamper.scale(-1)),
      { className, title: "Smaller ([)" },
    ),
    textButton(
      "+",
      then(() => stamper.scale(1)),
      { className, title: "Larger (])" },
    ),
    textButton(
      "Copy",
      then(() => stamper.copy()),
      { className, title: "Copy (C)" },
    ),
    textButton(
      "Delete",
      then(() => stamper.remove()),
      { className, title: "Delete (Delete)" },
    ),
  ];
  buttons[0].setAttribute("aria-label", "Smaller");
  buttons[1].setAttribute("aria-label", "Larger");
  const element = el("div", "cg-object-bar", ...buttons);
  element.setAttribute("role", "group");
  element.hidden = true;

  const update = () => {
    const object = tools.tool === "stamp" && !stamper.moving ? stamper.picked : null;
    element.hidden = object === null;
    if (!object) return;
    element.setAttribute("aria-label", `The ${object.stamp.name} that you stamped`);
    const { x0, y0, x1, y1 } = boundsOf(object);
    const [left, top] = surface.toStage((x0 + x1) / 2, y0);
    const below = surface.toStage(0, y1)[1] + GAP_PX;
    const [width, height] = [element.offsetWidth, element.offsetHeight];
    const above = top - height - GAP_PX;
    /** @param {number} at @param {number} most */
    const inside = (at, most) => Math.max(0, Math.min(at, most));
    element.style.left = `${inside(left - width / 2, stage.clientWidth - width)}px`;
    element.style.top = `${inside(above < 0 ? below : above, stage.clientHeight - height)}px`;
  };
  tools.onChange(update);
  state.subscribe(update);
  stage.addEventListener("cg-view", update);
  return element;
}
