/** Icons, and buttons that show them; drawn on a grid of 20 x 20 with a line of 1.5. */

import { el, svg } from "../view/dom.js";

const PATHS = {
  brush:
    "M16.7 3.3c-.8-.8-2-.7-2.8.1L7.6 10.5l2.9 2.9 7-6.4c.8-.8.9-2 .1-2.8zM7 11.2c-1.7 0-2.7 1.1-2.9 2.7-.1 1-.7 1.8-1.7 2.1 2.7 1.1 6.9.6 7.4-2.3",
  eraser:
    "M8.2 16.5 3.5 11.8a1.2 1.2 0 0 1 0-1.7l6.8-6.8a1.2 1.2 0 0 1 1.7 0l4.7 4.7a1.2 1.2 0 0 1 0 1.7l-6.8 6.8zM7 6.7l6.3 6.3M7.5 16.5h9",
  bucket:
    "M8.5 2.5v5M3 10.2 9.3 4l6.3 6.2-6 6a1.2 1.2 0 0 1-1.7 0L3 11.3a.8.8 0 0 1 0-1.1zM3.2 10.5h12M17 13.2c-.9 1.3-1.3 2-1.3 2.6a1.3 1.3 0 0 0 2.6 0c0-.6-.4-1.3-1.3-2.6z",
  eyedropper:
    "M11 6.5l2.5 2.5M9.8 5.3l4.9 4.9M12.3 7.8l2.9-2.9a1.7 1.7 0 0 0-2.4-2.4L9.9 5.4zM11 6.5l-6.7 6.7-.9 3.4 3.4-.9 6.7-6.7",
  again: "M15.8 8.5A6 6 0 0 0 5 6.6L3.5 8.5M3.5 4v4.5H8M4.2 11.5A6 6 0 0 0 15 13.4l1.5-1.9M16.5 16v-4.5H12",
  polygon: "M10 3 17 8l-2.6 8.3H5.6L3 8z",
  line: "M4.5 15.5l11-11M4 17.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM16 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z",
  rectangle: "M3.5 5h13v10h-13z",
  stamp:
    "M3.5 12.5v-2l1.7-.7 1.6-3.3h6.4l1.6 3.3 1.7.7v3.5h-2M6.5 14h7M5 15.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM15 15.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM5.5 9.8h9",
  shapes: "M10 2.8l3.8 6H6.2zM3 12h5.5v5.5H3zM14.3 17.5a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8z",
  undo: "M7.5 4 4 7.5 7.5 11M4 7.5h7.5a4.3 4.3 0 0 1 0 8.5H8",
  redo: "M12.5 4 16 7.5 12.5 11M16 7.5H8.5a4.3 4.3 0 0 0 0 8.5H12",
  mirror: "M10 2.5v15M7.5 5.5v9L3 14.5zM12.5 5.5v9l4.5 0z",
  clear: "M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5",
  spread:
    "M10 7.5v-5M10 17.5v-5M7.5 10h-5M17.5 10h-5M8.3 4.2 10 2.5l1.7 1.7M8.3 15.8l1.7 1.7 1.7-1.7M4.2 8.3 2.5 10l1.7 1.7M15.8 8.3l1.7 1.7-1.7 1.7",
  fit: "M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4",
  help: "M7.5 7.7a2.5 2.5 0 1 1 3.7 2.2c-.8.5-1.2.9-1.2 1.9M10 14.5v.1M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15z",
  more: "M4.5 10h.1M10 10h.1M15.5 10h.1",
  eye: "M2 10s3-5.5 8-5.5 8 5.5 8 5.5-3 5.5-8 5.5S2 10 2 10zM10 12.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6z",
  unseen: "M10 3 18 16.5H2zM10 8.5v3.5M10 14.3v.1",
  down: "M6 8l4 4 4-4",
  size: "M5 11.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM13.5 14.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9z",
  file: "M2.8 15.5v-11h5l1.7 2h7.7v9z",
  dice: "M4 3.5h12a.5.5 0 0 1 .5.5v12a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5zM7 7h.1M13 7h.1M10 10h.1M7 13h.1M13 13h.1",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {IconName} name @returns {SVGElement} decorative: its button carries the name */
export function icon(name) {
  const look = { viewBox: "0 0 20 20", class: `cg-icon cg-icon-${name}`, "aria-hidden": "true" };
  return svg("svg", look, svg("path", { d: PATHS[name] }));
}

/**
 * A button with an icon.
 * @param {IconName} name
 * @param {string} label
 * @param {() => void} run
 * @param {{className?: string, text?: string, key?: string}} [look]
 */
export function button(name, label, run, { className = "cg-button", text = "", key = "" } = {}) {
  const node = el("button", className, icon(name));
  node.type = "button";
  if (text) node.append(el("span", "", text));
  else node.setAttribute("aria-label", label);
  if (key) node.setAttribute("aria-keyshortcuts", key);
  if (key && text) node.append(el("kbd", "", key));
  node.title = key ? `${label} (${key})` : label;
  node.addEventListener("click", run);
  return node;
}
