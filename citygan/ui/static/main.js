/** Builds the studio inside a Gradio component and ties its parts together. */

import { buildHint } from "./view/hint.js";
import { attachKeys } from "./view/keys.js";
import { mountStudio } from "./studio.js";
import { buildPalette, DIGITS } from "./panels/palette.js";
import { attachPointers } from "./view/pointer.js";
import { growInto, mirror, resample } from "./core/shapes.js";
import { MapState } from "./core/state.js";
import { el } from "./view/dom.js";
import { Surface } from "./view/surface.js";
import { button, buildToolbar } from "./panels/toolbar.js";
import { Toolbox } from "./view/tools.js";
import { decodeMap, encodeMap } from "./core/wire.js";

const STYLES = ["studio.css", "photo.css"];
const SEND_AFTER_MS = 100; // a pause in painting after which Gradio's own events get the map
const SHARES_EVERY_MS = 150;
const ZOOM_STEP = 1.25;

/** Loads a style sheet that lies beside this module, once a page. */
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
 * @param {object} props `classes`, `width`, `height`, `stamps`, ..., and `value`, a map on the wire or null
 * @param {Record<string, Function>} server functions in Python
 * @param {(event: string) => void} trigger
 * @param {(prop: string, callback: () => void) => void} watch
 */
export async function mount(element, props, server, trigger, watch) {
  await Promise.all(STYLES.map(loadStyle));
  const { width, height, classes } = props;
  const classOf = new Map(classes.map((c) => [c.id, c]));
  const warnedOf = new Set(); // classes outside of the training that were picked
  let sharesTimer = null;
  let sendTimer = null;
  const nameOf = (id) => classOf.get(id).name;
  const colorOf = (id) => classOf.get(id).color;

  const state = new MapState(width, height, props.value ? fitted(decodeMap(props.value)) : undefined);
  const surface = new Surface(state, new Map(classes.map((c) => [c.id, c.color])));
  const status = buildStatus();
  const roadId = classes.find((c) => c.name === "road").id;
  const tools = new Toolbox(state, surface, { roadId, stamps: props.stamps, nameOf, say: status.say });
  const actions = buildActions();
  const toolbar = buildToolbar(tools, actions, { stamps: props.stamps, colorOf });
  const palette = buildPalette(classes, {
    counts: state.counts,
    total: state.ids.length,
    pick: (id) => tools.pick(id),
    solo: (id) => surface.setSolo(id),
    outline: (id) => surface.setOutline(id),
  });

  const fitButton = button("fit", "Fit the whole map", actions.fit, { key: "F" });
  fitButton.classList.add("cg-fit");
  const stageBox = el("div", "cg-stage-box", surface.element, fitButton, buildHint(surface.element));
  const photo = el("div", "cg-photo");
  const extras = el("div", "cg-extras");
  const views = el("div", "cg-views", stageBox, photo);
  const under = el("div", "cg-under", el("div", "cg-classes", status.element, palette.element), extras);
  const root = el("div", "cg-studio", toolbar.element, views, under);
  root.style.setProperty("--cg-aspect", width / height);
  describe(surface.element, `Label map, ${width} by ${height} pixels. Press ? for the keys.`);

  const keys = attachKeys(root, {
    state,
    surface,
    tools,
    actions,
    pickDigit: (digit) => tools.pick(classes.find((c) => c.name === DIGITS[digit]).id),
    onCursor: showPlace,
  });
  attachPointers(surface, tools, {
    ...keys,
    onHover: (point) => {
      keys.pointerMoved();
      showPlace(point);
    },
  });

  const painter = buildPainter();
  root.painter = painter;
  tools.onChange(showTools);
  state.subscribe(onChange);
  surface.element.addEventListener("cg-view", () => (fitButton.hidden = surface.fitted));
  fitButton.hidden = true;
  showTools();
  palette.setShares();
  element.replaceChildren(el("div", "cg-frame", root));
  watch("value", () => {
    if (props.value) painter.setMap(fitted(decodeMap(props.value)), "map from the page");
  });
  mountStudio(painter, { photo, extras, files: toolbar.files }, props, server);

  function fitted(map) {
    return resample(map, width, height);
  }

  function showTools() {
    toolbar.update(state);
    palette.setClass(tools.classId);
    surface.element.dataset.tool = tools.tool;
    const hand = inHand();
    surface.setInk(hand.color);
    status.setHand(hand);
    warnOnce(classOf.get(tools.classId));
  }

  /** What a click would paint now: a class or a stamp. */
  function inHand() {
    const { tool, stamp } = tools;
    if (tool === "stamp") return { name: stamp.name, color: colorOf(stamp.parts[0].id) };
    return classOf.get(tool === "eraser" ? 0 : tools.classId);
  }

  /** Says once for each class that the model never saw it, and what it will make of it. */
  function warnOnce({ id, name, seen, substitute }) {
    if (seen || warnedOf.has(id)) return;
    warnedOf.add(id);
    status.say(`“${name}” was not in the training photos: the model will draw it as ${substitute}.`, true);
  }

  function showPlace(point) {
    const inside = point && point.x >= 0 && point.y >= 0 && point.x < width && point.y < height;
    if (!inside) return status.setPlace("");
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    return status.setPlace(`${nameOf(state.at(x, y))} at ${x}, ${y}`);
  }

  function onChange({ final, note }) {
    sharesTimer ??= setTimeout(() => {
      sharesTimer = null;
      palette.setShares();
    }, SHARES_EVERY_MS);
    if (!final) return;
    if (note) status.say(note[0].toUpperCase() + note.slice(1));
    toolbar.update(state);
    clearTimeout(sendTimer);
    sendTimer = setTimeout(send, SEND_AFTER_MS);
  }

  function send() {
    if (state.stroking) return; // the end of the stroke sends again
    props.value = encodeMap(state, state.revision, true);
    trigger("input");
  }

  function buildActions() {
    const travel = (way, done, nothing) => () => {
      if (tools.abort()) return;
      const note = state[way]();
      status.say(note === null ? nothing : `${done}: ${note}`);
    };
    const replace = (make, note) => () => {
      tools.abort();
      state.replace(make(), note);
      status.say(note);
    };
    return {
      undo: travel("undo", "Undone", "Nothing to undo"),
      redo: travel("redo", "Done again", "Nothing to redo"),
      clear: replace(() => new Uint8Array(width * height), "Cleared"),
      mirror: replace(() => mirror(state), "Mirrored"),
      fillUnlabeled: replace(
        () => growInto(state, 0),
        "Unlabeled filled from its neighbours",
      ),
      fit: () => surface.fit(),
      zoomIn: () => surface.zoom(ZOOM_STEP),
      zoomOut: () => surface.zoom(1 / ZOOM_STEP),
      help: () => toolbar.showHelp(),
    };
  }

  /** What the rest of the studio may know and do. */
  function buildPainter() {
    return {
      width,
      height,
      classes,
      known: new Set(classOf.keys()),
      root,
      get ids() {
        return state.ids;
      },
      get revision() {
        return state.revision;
      },
      get stroking() {
        return state.stroking;
      },
      setMap: (ids, note) => {
        tools.abort();
        state.replace(ids, note);
      },
      load: (map) => painter.setMap(fitted(map), "map loaded"),
      subscribe: (listener) => state.subscribe(({ revision, final }) => listener({ revision, final })),
      setOverlay: (picture, opacity) => surface.setOverlay(picture, opacity),
      focus: () => surface.element.focus(),
      say: status.say,
      colorOf,
    };
  }
}

/** Makes the stage something that a screen reader can name and the keyboard can reach. */
function describe(stage, label) {
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-roledescription", "paint canvas");
  stage.setAttribute("aria-label", label);
}

/** The line below the canvas: what is in hand, what happened last, and what is under the pointer. */
function buildStatus() {
  const swatch = el("span", "cg-swatch");
  const name = el("span");
  const message = el("span", "cg-message");
  const place = el("span", "cg-place");
  message.setAttribute("role", "status");
  return {
    element: el("div", "cg-status", el("span", "cg-in-hand", swatch, name), message, place),
    say: (text, warning = false) => {
      message.textContent = text;
      message.classList.toggle("cg-warning", warning);
    },
    setHand: (thing) => {
      swatch.style.background = `rgb(${thing.color.join(" ")})`;
      name.textContent = thing.name;
    },
    setPlace: (text) => {
      place.textContent = text;
    },
  };
}
