/** The canvas with its tools, its classes and its keys: all that painting needs. */

import { fitting } from "./core/again.js";
import { resample } from "./core/shapes.js";
import { canvasSize } from "./core/sizes.js";
import { MapState } from "./core/state.js";
import { decodeMap } from "./core/wire.js";
import { buildPalette, DIGITS } from "./panels/palette.js";
import { buildToolbar } from "./panels/toolbar.js";
import { buildActions } from "./view/actions.js";
import { el } from "./view/dom.js";
import { buildFinish } from "./view/finish.js";
import { fitWindow } from "./view/fit.js";
import { buildHint } from "./view/hint.js";
import { Keys } from "./view/keys.js";
import { buildObjectBar } from "./view/objectbar.js";
import { outlinePeople } from "./view/people.js";
import { Pointers } from "./view/pointer.js";
import { buildStatus } from "./view/status.js";
import { Surface } from "./view/surface.js";
import { Toolbox } from "./view/toolbox.js";
import { buildZoom } from "./view/zoom.js";

/** @import { Size } from "./core/sizes.js" */
/** @import { Stamp } from "./core/stamps.js" */
/** @import { LabelMap } from "./core/wire.js" */
/** @import { LabelClass, Painter, Props } from "./types.js" */

const SHARES_EVERY_MS = 150;
const UNLABELED = 0;

export class Canvas {
  /** @type {Readonly<Size>} of the canvas that one begins with */
  #usual;
  #classes;
  #classOf;
  #status = buildStatus();
  #actions;
  #toolbar;
  #palette;
  /** classes outside of the training that were picked */
  #warnedOf = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sharesTimer;

  /** @param {Props} props */
  constructor({ width, height, classes, stamps, value }) {
    this.#classes = classes;
    this.#classOf = new Map(classes.map((c) => [c.id, c]));
    this.#usual = { width, height };
    const first = value && this.#onCanvas(decodeMap(value));
    this.state = first ? new MapState(first.width, first.height, first.ids) : new MapState(width, height);
    this.surface = new Surface(this.state, new Map(classes.map((c) => [c.id, c.color])));
    const shelf = this.#shelve(stamps);
    this.tools = new Toolbox(this.state, this.surface, {
      roadId: this.#named("road").id,
      skyId: this.#named("sky").id,
      stamps: shelf.map(({ stamp }) => stamp),
      nameOf: (id) => this.#class(id).name,
      say: this.#status.say,
    });
    this.#actions = buildActions(this.state, this.surface, this.tools, () => this.#toolbar.showHelp());
    this.#toolbar = buildToolbar(this.tools, this.#actions, { shelf, colorOf: this.#colorOf });
    this.#palette = buildPalette(classes, {
      counts: this.state.counts,
      total: () => this.state.ids.length,
      pick: (id) => this.tools.pick(id),
      solo: (id) => this.surface.setSolo(id),
      outline: (id) => this.surface.setOutline(id),
    });
    /** what the studio fills */
    this.areas = {
      stage: el("div", "cg-on-stage"),
      photo: el("div", "cg-photo"),
      begin: el("div", "cg-surprise"),
      controls: el("div", "cg-bar"),
      extras: el("div", "cg-extras"),
      files: this.#toolbar.files,
    };
    const people = classes.filter(({ category }) => category === "human").map(({ id }) => id);
    outlinePeople(this.state, this.surface, people);
    this.root = this.#layOut();
    this.#takeShape();
    this.#listen();
    this.#showTools();
    this.#palette.setShares();
  }

  /** What the rest of the studio may know and do. @returns {Painter} */
  buildPainter() {
    const { state, tools, surface, root } = this;
    /** @type {Painter["setMap"]} */
    const setMap = (ids, note) => {
      tools.abort();
      state.replace(ids, note);
    };
    return {
      get width() {
        return state.width;
      },
      get height() {
        return state.height;
      },
      usual: this.#usual,
      classes: this.#classes,
      known: new Set(this.#classOf.keys()),
      root,
      get ids() {
        return state.ids;
      },
      counts: state.counts,
      get stamped() {
        return new Set(state.objects.flatMap(({ stamp }) => stamp.parts.map(({ id }) => id)));
      },
      get revision() {
        return state.revision;
      },
      get stroking() {
        return state.stroking;
      },
      setMap,
      get again() {
        return state.again;
      },
      load: (map, note = "map loaded", again = null) => {
        const opened = this.#onCanvas(map);
        tools.abort();
        state.replace(opened.ids, note, opened, fitting(again, opened));
        root.dispatchEvent(new CustomEvent("cg-load"));
      },
      sinceNow: () => {
        const { step } = state;
        return () => state.holds(step);
      },
      begin: (map, again = null) => {
        const opened = this.#onCanvas(map);
        state.begin(opened, fitting(again, opened));
      },
      get hand() {
        return tools.hand;
      },
      setHand: (hand) => {
        if (this.#classOf.has(hand.classId)) tools.setHand(hand);
      },
      subscribe: (listener) => state.subscribe(listener),
      setOverlay: (picture, opacity) => surface.setOverlay(picture, opacity),
      focus: () => surface.element.focus(),
      say: this.#status.say,
      colorOf: this.#colorOf,
    };
  }

  /** A map at the size that it has on the canvas. @param {LabelMap} map @returns {LabelMap} */
  #onCanvas(map) {
    const { width, height } = canvasSize(map, this.#usual);
    return { ids: resample(map, width, height), width, height };
  }

  /** Python sends every class that a map can have. @param {number} id */
  #class(id) {
    return /** @type {LabelClass} */ (this.#classOf.get(id));
  }

  /** @param {string} name */
  #named(name) {
    return /** @type {LabelClass} */ (this.#classes.find((c) => c.name === name));
  }

  /**
   * The stamps with what the model draws them as, where it was never shown them; those that it knows come first.
   * @param {Stamp[]} stamps
   * @returns {{stamp: Stamp, drawnAs: string | null}[]}
   */
  #shelve(stamps) {
    const shelf = stamps.map((stamp) => {
      const { seen, substitute } = this.#class(stamp.parts[stamp.parts.length - 1].id); // a sign, not its pole
      return { stamp, drawnAs: seen ? null : substitute };
    });
    return shelf.sort((a, b) => Number(a.drawnAs !== null) - Number(b.drawnAs !== null));
  }

  /** @param {number} id */
  #colorOf = (id) => this.#class(id).color;

  #layOut() {
    const stage = this.surface.element;
    describe(stage);
    const views = el(
      "div",
      "cg-views",
      el(
        "div",
        "cg-stage-box",
        stage,
        this.areas.stage,
        buildZoom(this.surface, this.#actions.fit),
        buildHint(stage),
        buildObjectBar(this.tools),
        buildFinish(this.tools),
      ),
      this.areas.photo,
    );
    const work = el("div", "cg-work", views, this.#palette.element);
    const under = el("div", "cg-under", this.areas.begin, this.#status.element, this.areas.controls);
    const root = el("div", "cg-studio", this.#toolbar.element, work, under, this.areas.extras);
    fitWindow(root, views, under);
    stage.addEventListener("cg-view", () => {
      for (const [name, value] of Object.entries(this.surface.framing))
        root.style.setProperty(`--cg-${name}`, `${value}`);
    });
    return root;
  }

  /** Gives the canvas and the photo the shape of the map. */
  #takeShape() {
    const { width, height } = this.state;
    this.root.style.setProperty("--cg-aspect", String(width / height));
    const label = `Label map, ${width} by ${height} pixels. Press ? for the keys.`;
    this.surface.element.setAttribute("aria-label", label);
  }

  #listen() {
    const { state, tools } = this;
    const keys = new Keys(this.root, tools, this.#actions, {
      pickDigit: (digit) => tools.pick(this.#named(DIGITS[digit]).id),
      onCursor: (point) => this.#showPlace(point),
    });
    new Pointers(tools, keys, (point) => this.#showPlace(point));
    tools.onChange(() => this.#showTools());
    state.subscribe(({ final, note, reshaped }) => {
      if (reshaped) this.#takeShape();
      this.#sharesTimer ??= setTimeout(() => {
        this.#sharesTimer = undefined;
        this.#palette.setShares();
      }, SHARES_EVERY_MS);
      if (!final) return;
      if (note) this.#status.sayPainted(note[0].toUpperCase() + note.slice(1));
      this.#toolbar.update(state);
    });
  }

  #showTools() {
    const { tools, surface } = this;
    this.#toolbar.update(this.state);
    this.#palette.setClass(tools.classId);
    surface.element.dataset.tool = tools.tool;
    const hand = this.#inHand();
    surface.setInk(hand.color);
    this.#status.setHand(hand);
    this.#warnOnce(this.#class(tools.classId));
  }

  /** What a click would paint now: a class or a stamp. */
  #inHand() {
    const { tool, stamp, classId } = this.tools;
    if (tool === "stamp") {
      const main = stamp.parts[stamp.parts.length - 1]; // a sign, not its pole
      return { name: stamp.name, color: this.#colorOf(main.id) };
    }
    if (tool === "again") return { name: "no class", color: this.#colorOf(UNLABELED) };
    return this.#class(tool === "eraser" ? UNLABELED : classId);
  }

  /**
   * Says once for each class that the model never saw it, and what it will make of it.
   * @param {LabelClass} picked
   */
  #warnOnce({ id, name, seen, substitute }) {
    if (seen || this.#warnedOf.has(id)) return;
    this.#warnedOf.add(id);
    const text = `“${name}” was not in the training photos: the model will draw it as ${substitute}.`;
    this.#status.say(text, true);
  }

  /** @param {{x: number, y: number} | null} point */
  #showPlace(point) {
    if (!point || !this.tools.inside(point)) return this.#status.setPlace("");
    const [x, y] = [Math.floor(point.x), Math.floor(point.y)];
    return this.#status.setPlace(`${this.#class(this.state.at(x, y)).name} at ${x}, ${y}`);
  }
}

/**
 * Makes the stage something that a screen reader can name and the keyboard can reach.
 * @param {HTMLElement} stage
 */
function describe(stage) {
  stage.tabIndex = 0;
  stage.setAttribute("role", "application");
  stage.setAttribute("aria-roledescription", "paint canvas");
}
