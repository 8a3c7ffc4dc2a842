/** The studio around the canvas: the photo, and the panels. */

import { buildDraw } from "./core/draw.js";
import { LiveLoop } from "./core/loop.js";
import { isReplaced } from "./core/restarts.js";
import { photoSize } from "./core/sizes.js";
import { buildAutosave } from "./panels/autosave.js";
import { buildShow } from "./panels/demo.js";
import { buildDevice } from "./panels/device.js";
import { buildDrive } from "./panels/drive.js";
import { buildEmpty } from "./panels/empty.js";
import { buildLight } from "./panels/light.js";
import { buildLint } from "./panels/lint.js";
import { buildOpen } from "./panels/open.js";
import { buildPhoto } from "./panels/photo.js";
import { buildProject } from "./panels/project.js";
import { buildShare, readLink } from "./panels/share.js";
import { buildStreets } from "./panels/streets.js";
import { Target } from "./panels/target.js";
import { buildTimelapse } from "./panels/timelapse.js";

import { el } from "./view/dom.js";

const REPLACED = "The server has another version of this page: reload it. Your map is kept.";

/** @import { Draw } from "./core/draw.js" */
/** @import { LabelMap } from "./core/wire.js" */
/** @import { AboutFile, Drawing, OpenMap, Painter, Props, Server, Shot } from "./types.js" */

/**
 * Fills the areas around the canvas and starts the loop.
 * @param {Painter} painter
 * @param {Record<"stage" | "photo" | "begin" | "controls" | "extras" | "files", HTMLElement>} areas
 * @param {Props} props
 * @param {Server} server
 * @returns {{showFile: (about: AboutFile) => Promise<void>}} of what is known of a file whose map was loaded
 */
export function mountStudio(painter, areas, props, server) {
  /** @type {number | null} */
  let seed = null;
  /** @param {number | null} value */
  const setSeed = (value) => {
    seed = value;
    photo.setSeed(seed);
    loop.changed();
  };
  /** @type {OpenMap} */
  const openMap = (opened, note) => {
    painter.load(opened.map, undefined, opened.again);
    if (opened.place) drive.place = opened.place;
    if (opened.light !== undefined) light.set(opened.light); // else it is of a map alone, and the light stays
    setSeed(opened.seed);
    painter.say(note);
  };

  const target = new Target(painter, server, (src) => {
    photo.compare.set("target", src);
    photo.fill.disabled = src !== null;
    empty.update();
    loop.changed();
  });
  /** @param {LabelMap} map */
  const sizeOf = (map) => photoSize(props.photo_sizes, map, painter.usual);
  const timelapse = buildTimelapse(painter, sizeOf);
  const device = buildDevice(props.device, server, painter, () => loop.live && loop.now());
  const draw = buildDraw(device.render, sizeOf);
  const photo = buildPhoto(painter, server, {
    where: device.element,
    setLive: (on) => {
      loop.live = on;
    },
    now: () => loop.now(),
    changed: () => loop.changed(),
    setSeed,
    draw,
    wishes: () => ({ ...drawing(), fill: fill() }),
    target: () => target.token,
    saveTimelapse: timelapse.save,
    restore: (shot) => openMap(shot, "Restored the map, the seed and the light of that photo"),
  });
  const light = buildLight(props.lights, painter, server, () => loop.changed());
  const drawing = () => ({ seed, light: light.wish, ...(painter.again && { again: painter.again }) });
  const fill = () => photo.fill.checked && target.token === null; // scores are those of the map itself
  const wishes = () => ({ ...drawing(), target: target.token, fill: fill() });
  const showHow = buildShow(painter, props.stamps, draw, { stage: areas.stage, photo: photo.frame });
  const loop = new LiveLoop(painter, sizeOf, device.render, wishes, {
    state: reportState(painter, photo.setState),
    settled: () => {
      photo.settle();
      showHow();
    },
    photo: (shot) => {
      photo.show(shot);
      timelapse.add(shot);
      target.score(shot);
    },
  });
  const studio = { shot: () => photo.shot, drawing, openMap };
  const empty = buildEmpty(painter, fill);
  areas.stage.append(empty.onStage);
  areas.photo.append(photo.frame, empty.caption);
  photo.fill.addEventListener("change", empty.update);
  const drive = buildDrive(painter, server, {
    ...{ loop, drawing, show: photo.show, state: photo.setState, film: timelapse.film },
    onServer: device.onServer,
  });
  areas.stage.append(drive.cover);
  const autosave = buildAutosave(painter, { ...studio, place: () => drive.place });
  const files = buildFiles(painter, props, server, { ...studio, target, light, autosave, draw });
  const lint = buildLint(painter).element; // last, for it comes and goes while one paints
  areas.begin.append(files.surprise);
  areas.controls.append(...photo.controls, drive.button);
  areas.extras.append(
    drive.save, // not among the controls: the map would shrink under the pointer when it comes
    photo.line,
    photo.compare.element,
    light.element,
    target.element,
    files.reading,
    photo.strip,
    lint,
  );
  areas.files.append(...files.buttons);
  target.acceptOn(areas.photo);

  painter.subscribe(() => loop.changed());
  onCtrlEnter(painter.root, () => loop.now());
  autosave.reopen();
  readLink(painter, openMap);
  loop.changed();
  return { showFile: files.showFile };
}

/**
 * Shows how the loop goes; that the server is back takes the place of what was said to have failed without it.
 * @param {Painter} painter
 * @param {(kind: string, text: string) => void} show
 * @returns {(kind: string, text: string) => void}
 */
function reportState(painter, show) {
  let away = false;
  const { gradio_config: config } = /** @type {{gradio_config?: any}} */ (window);
  let replaced = false;
  const tellReplaced = async () => {
    if (replaced || !(await isReplaced(fetch, config))) return;
    replaced = true;
    painter.say(REPLACED, true);
  };
  return (kind, text) => {
    show(kind, text);
    if (kind === "gone") tellReplaced();
    if (kind === "live" && away) painter.say("The connection is back");
    away = kind === "gone" || (away && kind !== "live");
  };
}

/** Hears Ctrl or Cmd with Enter on the whole page, while an element is in sight. @param {HTMLElement} root @param {() => void} run */
function onCtrlEnter(root, run) {
  document.addEventListener("keydown", (event) => {
    const asked = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (!asked || event.defaultPrevented || !root.checkVisibility()) return;
    event.preventDefault();
    run();
  });
}

/**
 * The buttons that begin a map and keep it.
 * @param {Painter} painter
 * @param {Props} props
 * @param {Server} server
 * @param {{shot: () => Shot | null, drawing: () => Drawing, openMap: OpenMap, target: Target,
 *   light: ReturnType<typeof buildLight>, autosave: ReturnType<typeof buildAutosave>, draw: Draw}} studio
 */
function buildFiles(painter, props, server, { target, light, autosave, draw, ...studio }) {
  const { openMap } = studio;
  const project = buildProject(painter, props.checkpoint, studio);
  const streets = buildStreets(painter, props.streets, server, { openMap, draw, ...autosave });
  const open = buildOpen(painter, server, props.reads_photos ?? false, {
    openMap,
    openProject: project.open,
    setTarget: (url, token) => target.set(url, token),
    setLight: light.lendFrom,
  });
  const begin = el("div", "cg-begin", streets.opener, ...open.openers, streets.menu);
  const buttons = [begin, project.element, buildShare(painter, studio.drawing, project.save)];
  return { buttons, surprise: streets.surprise, reading: open.reading, showFile: open.show };
}
