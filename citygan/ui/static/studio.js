/** The studio around the canvas: the photo, and the panels. */

import { LiveLoop } from "./core/loop.js";
import { buildAutosave } from "./panels/autosave.js";
import { buildLint } from "./panels/lint.js";
import { buildPhoto } from "./view/photo.js";
import { buildProject } from "./panels/project.js";
import { buildShare, readLink } from "./panels/share.js";
import { buildStarters } from "./panels/starters.js";
import { buildTarget } from "./panels/target.js";
import { buildTimelapse } from "./panels/timelapse.js";

/**
 * Fills the areas around the canvas and starts the loop.
 * @param {object} painter the canvas, as `main.js` offers it
 * @param {{photo: HTMLElement, extras: HTMLElement, files: HTMLElement}} areas
 * @param {object} props of the component
 * @param {Record<string, (request: object) => Promise<object | undefined>>} server
 */
export function mountStudio(painter, areas, props, server) {
  let seed = null;
  const setSeed = (value) => {
    seed = value;
    photo.setSeed(seed);
    loop.changed();
  };
  const openMap = ({ map, seed: itsSeed }, note) => {
    painter.load(map);
    setSeed(itsSeed);
    painter.say(note);
  };

  const target = buildTarget(painter, server, {
    changed: (picture) => {
      photo.compare.setTarget(picture);
      loop.changed();
    },
  });
  const timelapse = buildTimelapse(painter, props.photo_size);
  const photo = buildPhoto(painter, server, {
    setLive: (on) => (loop.live = on),
    now: () => loop.now(),
    setSeed,
    target,
    timelapse,
    restore: (shot) => openMap(shot, "Restored the map and the seed of that photo"),
  });
  const loop = new LiveLoop(
    painter,
    props.photo_size,
    server.render,
    () => ({ seed, target: target.token }),
    {
      state: photo.setState,
      settled: () => photo.settle(),
      photo: (shot) => {
        photo.show(shot);
        timelapse.add(shot);
        target.score(shot);
      },
    },
  );
  const project = buildProject(painter, props.checkpoint, {
    shot: () => photo.shot,
    seed: () => seed,
    openMap,
  });
  const starters = buildStarters(painter, props.streets ?? [], server, { openMap, project, target });
  const share = buildShare(painter, () => seed, project.save);
  const autosave = buildAutosave(painter, { seed: () => seed, openMap });
  const lint = buildLint(painter);

  areas.photo.append(photo.frame, autosave.element);
  areas.extras.append(photo.bar, target.element, lint.element, photo.strip);
  areas.files.append(starters.element, project.element, share);
  target.acceptOn(areas.photo);

  painter.subscribe(() => loop.changed());
  painter.root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    loop.now();
  });
  readLink(painter, openMap);
  loop.changed();
}
