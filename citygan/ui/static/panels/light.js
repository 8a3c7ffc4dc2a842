/** The light of the photo: as the map suggests, by name, or as in a picture; brighter, and warmer. */

import { asked, MOST, SUGGESTED } from "../core/light.js";
import { accepted, reason } from "../core/server.js";
import { acceptDrop, chooseFile, pictureOf, scaledDown, slider, textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Light } from "../core/light.js" */
/** @import { Painter, Server } from "../types.js" */

const STEPS = 10; // of a slider for one standard deviation
const SEND_AT_MOST_PX = 256; // light needs no detail

/**
 * @param {string[]} names that the checkpoint has lights for; none where it is told no light
 * @param {Painter} painter
 * @param {Server} server
 * @param {() => void} changed
 */
export function buildLight(names, painter, server, changed) {
  /** @type {Light} */
  let light = SUGGESTED;
  /** @type {HTMLImageElement | null} the picture whose light was taken */
  let picture = null;
  const thumb = el("span", "cg-lighting-thumb");

  /** @type {Map<string | null, HTMLButtonElement>} */
  const choices = new Map();
  for (const name of [null, ...names]) {
    const title = name === null ? "The light that your map suggests" : `The photo at ${name}`;
    choices.set(
      name,
      textButton(name ?? "auto", () => choose({ ...light, light: name }), { title }),
    );
  }
  const lend = textButton("As in a photo", () => chooseFile("image/*", use), {
    title: "Take the light of any picture; you can also drop one here",
  });
  const group = el("div", "cg-lighting-names", ...choices.values(), lend, thumb);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Light");

  /** @param {string} name @param {"brightness" | "warmth"} field */
  const change = (name, field) =>
    slider(name, { min: -MOST * STEPS, max: MOST * STEPS }, (value) =>
      choose({ ...light, [field]: value / STEPS }),
    );
  const sliders = { brightness: change("Brightness", "brightness"), warmth: change("Warmth", "warmth") };
  const heading = el("span", "cg-lighting-heading", "Light");
  const element = el(
    "section",
    "cg-lighting",
    heading,
    group,
    sliders.brightness.element,
    sliders.warmth.element,
  );
  element.setAttribute("aria-label", "Light of the photo");
  element.hidden = !names.length;
  acceptDrop(element, use);
  show();

  /** @param {Light} next */
  function choose(next) {
    light = next;
    show();
    changed();
  }

  function show() {
    for (const [name, button] of choices) button.setAttribute("aria-pressed", String(light.light === name));
    lend.setAttribute("aria-pressed", String(Array.isArray(light.light)));
    thumb.replaceChildren(...(picture && Array.isArray(light.light) ? [picture] : []));
    for (const field of /** @type {const} */ (["brightness", "warmth"]))
      sliders[field].input.value = String(light[field] * STEPS);
  }

  /** @param {number[]} code @param {string} url of the picture that has this light */
  async function lendFrom(code, url) {
    picture = await pictureOf(url);
    picture.alt = "The picture whose light the photo has";
    choose({ ...light, light: code });
  }

  /** @param {Blob} file */
  async function use(file) {
    try {
      const url = await scaledDown(file, SEND_AT_MOST_PX);
      await lendFrom(accepted(await server.light_of({ image: url })).light, url);
      painter.say("The photo is drawn in that light");
    } catch (error) {
      painter.say(`That picture's light cannot be used: ${reason(error)}`, true);
    }
  }

  return {
    element,
    /** What to ask the server for; null is the light that the map suggests. */
    get wish() {
      return asked(light);
    },
    lendFrom,
    /** @param {Light | null} opened of a document or of an earlier photo */
    set: (opened) => {
      const known = typeof opened?.light !== "string" || names.includes(opened.light);
      light = opened && names.length && known ? opened : SUGGESTED;
      show();
    },
  };
}
