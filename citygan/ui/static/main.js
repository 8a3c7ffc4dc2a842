/** Builds the studio inside a Gradio component, and carries the map between it and Python. */

import { Canvas } from "./canvas.js";
import { lasting } from "./core/restarts.js";
import { reason } from "./core/server.js";
import { decodeMap, encodeMap } from "./core/wire.js";
import { mountStudio } from "./studio.js";
import { el } from "./view/dom.js";
import { rove } from "./view/roving.js";

/** @import { Props, Server } from "./types.js" */

/** In the order of the cascade. */
const STYLES = [
  "studio.css",
  "view/controls.css",
  "view/surface.css",
  "view/photo.css",
  "panels/toolbar.css",
  "panels/palette.css",
  "panels/extras.css",
  "panels/files.css",
];
const SEND_AFTER_MS = 100; // a pause in painting after which Gradio's own events get the map

window.fetch = lasting(window.fetch.bind(window));

/** Loads a style sheet that lies beside this module, once a page. @param {string} name */
function loadStyle(name) {
  const { href } = new URL(name, import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  const link = el("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error(`${name} did not arrive`));
    document.head.append(link);
  });
}

/**
 * Called once by Gradio for each canvas on the page.
 * @param {HTMLElement} element of the component
 * @param {Props} props
 * @param {Server} server
 * @param {(event: string) => void} trigger
 * @param {(prop: string, callback: () => void) => void} watch
 */
export async function mount(element, props, server, trigger, watch) {
  await Promise.all(STYLES.map(loadStyle));
  const canvas = new Canvas(props);
  const { state, root, areas } = canvas;
  const painter = canvas.buildPainter();
  Object.assign(root, { painter }); // for tests and for who scripts the page
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  state.subscribe(({ final }) => {
    if (!final) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (state.stroking) return; // the end of the stroke sends again
      props.value = encodeMap(state, state.revision, true);
      trigger("input");
    }, SEND_AFTER_MS);
  });
  watch("value", async () => {
    if (!props.value) return;
    try {
      painter.load(decodeMap(props.value), "Map opened");
      if (props.value.about) await studio.showFile(props.value.about);
    } catch (error) {
      painter.say(`The map was not opened: ${reason(error)}`, true);
    }
  });
  element.replaceChildren(el("div", "cg-frame", root));
  /** @type {HTMLElement | null | undefined} */
  const tabs = element.closest(".tabs")?.querySelector("[role=tablist]");
  if (tabs) rove(tabs); // Gradio makes each tab a Tab stop of its own
  const studio = mountStudio(painter, areas, props, server);
}
