/** The button that drives along the street, and what is shown meanwhile: the map on the canvas and its photo. */

import { Drive } from "../core/drive.js";
import { accepted, reason } from "../core/server.js";
import { crc32, decodeMap } from "../core/wire.js";
import { mapPicture, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Film, Drawing, DrivePicture, Painter, Place, Server, Shot, StreetName } from "../types.js" */

const BEGINS_ON = "tree-lined road"; // the map that the page begins with
const MOST_FRAMES = 900; // of the video: the last minute and a half at ten a second
const LONG_MS = 250;

/**
 * @param {Painter} painter
 * @param {Server} server
 * @param {{loop: import("../core/loop.js").LiveLoop, drawing: () => Drawing, show: (shot: Shot) => void,
 *   state: (kind: string, text: string) => void, film: Film, onServer: () => boolean}} studio
 */
export function buildDrive(painter, server, { loop, drawing, show, state, film, onServer }) {
  const picture = el("canvas");
  const cover = el("div", "cg-drive", picture);
  cover.hidden = true;
  let place = beginningOf({ name: BEGINS_ON, seed: null });
  /** @type {Drive | null} */
  let drive = null;
  let abandoned = false; // another map was opened on the way, or one was taken back
  /** @type {{photo: string, map: DrivePicture["map"], at: number}[]} */
  let frames = [];

  /** Regions that are drawn again stay with their map. */
  const plain = () => ({ seed: drawing().seed, light: drawing().light });

  /** @param {DrivePicture} next @param {Drive} driving */
  const showPicture = ({ map, photo }, driving) => {
    const decoded = decodeMap(map);
    mapPicture(decoded, painter.colorOf, picture);
    cover.hidden = false;
    frames.push({ photo, map, at: performance.now() });
    if (frames.length > MOST_FRAMES) frames.shift();
    const sum = crc32(decoded.ids);
    const { revision } = painter;
    const made = { ...plain(), target: null, scores: null, target_missing: false };
    show({ ...made, photo, crc32: sum, revision, serial: loop.nextSerial(), map: decoded, drawn: decoded });
    const { rate } = driving;
    state("live", rate ? `Driving · ${rate.toFixed(rate < 10 ? 1 : 0)} photos/s` : "Driving");
  };

  /** Leaves the map at the stop on the canvas, in one step. */
  const park = async () => {
    const { map } = accepted(await server.park(place));
    if (abandoned) return;
    drive = null;
    painter.load(decodeMap(map), "the drive stopped here; undo brings your map back");
  };

  const start = async () => {
    if (!onServer()) painter.say("The server makes the photos of a drive");
    const driving = new Drive(server, place, plain, (next) => showPicture(next, driving));
    drive = driving;
    abandoned = false;
    frames = [];
    save.hidden = true;
    button.textContent = "Stop";
    painter.root.classList.add("cg-drives");
    await loop.hold();
    let failure = "";
    try {
      await driving.run();
      place = driving.place;
      if (!abandoned) await park();
    } catch (error) {
      failure = `The drive ended: ${reason(error)}`;
    }
    drive = null;
    cover.hidden = true;
    save.hidden = frames.length < 2;
    button.textContent = "Drive";
    painter.root.classList.remove("cg-drives");
    loop.release();
    if (failure) painter.say(failure, true);
  };

  const button = textButton("Drive", () => (drive ? drive.stop() : start()), {
    title: "Drive along the last street that was opened; Space or Esc stops",
  });
  button.classList.add("cg-drive-button");
  const save = textButton("Save video", () => film(asFilm(frames), "citygan-drive", "drive"), {
    title: "Save the last drive as a video: the map beside its photo",
  });
  save.hidden = true;

  cover.addEventListener("pointerdown", () => drive?.stop());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) drive?.end();
  });
  // before any other: Space would press the button that has the focus, and pan
  document.addEventListener("keydown", (event) => stopByKey(event, () => drive), true);
  document.addEventListener("keyup", (event) => drive && event.key === " " && event.preventDefault(), true);
  painter.subscribe(() => {
    if (!drive) return;
    abandoned = true;
    drive.end();
  });
  return {
    button,
    save,
    cover,
    get place() {
      return place;
    },
    set place(next) {
      place = next;
    },
  };
}

/** @param {StreetName} street @returns {Place} */
export const beginningOf = ({ name, seed }) => ({ name, street: seed, at_m: 0, time_s: 0 });

/** @param {KeyboardEvent} event @param {() => Drive | null} driving */
function stopByKey(event, driving) {
  const drive = driving();
  if (!drive || (event.key !== " " && event.key !== "Escape")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!event.repeat) drive.stop();
}

/**
 * Each picture for as long as it was seen.
 * @param {{photo: string, map: DrivePicture["map"], at: number}[]} frames
 */
function asFilm(frames) {
  return frames.map(({ photo, map, at }, i) => ({
    photo,
    get map() {
      return decodeMap(map);
    },
    aspect: map.width / map.height,
    ms: Math.min(LONG_MS, (frames[i + 1]?.at ?? at) - at),
  }));
}
