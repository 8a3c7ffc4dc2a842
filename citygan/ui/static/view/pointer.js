/**
 * Mouse, pen and touch on the stage: one pointer paints, Space or the middle button pans, two fingers do
 * both.
 */

const WHEEL_STEP = 0.0015; // zoom of a pixel of wheel travel, as a power of e
const LINE_PX = 32; // pixels of a line, for wheels that count in lines
const PEN_ERASER = 32; // bit of PointerEvent.buttons

/** @import { Surface } from "./surface.js" */
/** @import { Toolbox } from "./toolbox.js" */

/**
 * @param {Surface} surface
 * @param {Toolbox} tools
 * @param {{onHover: (point: {x: number, y: number} | null) => void, spaceHeld: () => boolean,
 *   panned: () => void}} on
 */
export function attachPointers(surface, tools, on) {
  const stage = surface.element;
  /** @type {Map<number, PointerEvent>} pointer id -> its last event */
  const fingers = new Map();
  /** @type {number | null} id of the pointer that paints */
  let painting = null;
  /** @type {PointerEvent | null} last event of the pointer that pans */
  let panning = null;
  let pinched = false; // until all fingers are up, none of them paints
  /**
   * @type {DOMRect | null} of the stage, measured once for many moves: it makes the browser lay the page
   * out
   */
  let box = null;

  const forget = () => {
    box = null;
  };
  for (const event of ["scroll", "resize"]) addEventListener(event, forget, { capture: true, passive: true });
  new ResizeObserver(forget).observe(document.body);
  stage.addEventListener("pointerenter", forget);

  /** @param {PointerEvent} event */
  const pointOf = (event) => {
    box ??= stage.getBoundingClientRect();
    const [x, y] = surface.toMap(event.clientX, event.clientY, box);
    const pressed = event.pointerType === "pen" && event.pressure > 0;
    return {
      x,
      y,
      shift: event.shiftKey,
      alt: event.altKey,
      erase: event.pointerType === "pen" && (event.buttons & PEN_ERASER) !== 0,
      size: pressed ? Math.max(1, Math.round(tools.size * event.pressure)) : tools.size,
    };
  };

  stage.addEventListener("pointerdown", (event) => {
    forget();
    if (event.pointerType === "touch") {
      if (painting !== null && !fingers.size) return; // the palm of a hand that holds a pen
      fingers.set(event.pointerId, event);
    }
    stage.setPointerCapture(event.pointerId);
    if (fingers.size > 1) {
      tools.interrupt();
      painting = null;
      pinched = true;
    } else if (event.button === 1 || (event.button === 0 && on.spaceHeld())) {
      panning = event;
      stage.classList.add("cg-grabbing");
    } else if ((event.button === 0 || event.button === 5) && painting === null) {
      painting = event.pointerId;
      tools.down(pointOf(event));
    }
  });

  stage.addEventListener("pointermove", (event) => {
    if (fingers.has(event.pointerId) && pinched) {
      pinch(event);
    } else if (panning?.pointerId === event.pointerId) {
      surface.panBy(event.clientX - panning.clientX, event.clientY - panning.clientY);
      panning = event;
      on.panned();
    } else if (painting === event.pointerId) {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) tools.move(pointOf(each));
      tools.flush();
    } else if (event.pointerType !== "touch") {
      tools.hover(pointOf(event));
    }
    on.onHover(pointOf(event));
  });

  /** @param {PointerEvent} event */
  function pinch(event) {
    const [a, b] = fingers.values();
    fingers.set(event.pointerId, event);
    if (!b) return;
    const [c, d] = fingers.values();
    /** @param {PointerEvent} p @param {PointerEvent} q */
    const middle = (p, q) => [(p.clientX + q.clientX) / 2, (p.clientY + q.clientY) / 2];
    /** @param {PointerEvent} p @param {PointerEvent} q */
    const span = (p, q) => Math.hypot(p.clientX - q.clientX, p.clientY - q.clientY) || 1;
    const [beforeX, beforeY] = middle(a, b);
    const [x, y] = middle(c, d);
    surface.panBy(x - beforeX, y - beforeY);
    surface.zoomAt(x, y, span(c, d) / span(a, b));
  }

  /** @param {PointerEvent} event */
  const release = (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) pinched = false;
    if (panning?.pointerId === event.pointerId) {
      panning = null;
      stage.classList.remove("cg-grabbing");
    }
    if (painting !== event.pointerId) return;
    painting = null;
    if (event.type === "pointercancel") tools.interrupt();
    else tools.up(pointOf(event));
    if (event.pointerType === "touch") tools.leave();
  };
  stage.addEventListener("mousedown", (event) => {
    if (event.button === 1) event.preventDefault(); // no autoscroll
  });
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => {
    tools.leave();
    on.onHover(null);
  });
  stage.addEventListener("contextmenu", (event) => painting !== null && event.preventDefault());
  stage.addEventListener(
    "wheel",
    (event) => {
      const travel = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
      // At the limit of the view the page scrolls on, so that nobody is caught on the canvas.
      if (surface.zoomAt(event.clientX, event.clientY, Math.exp(-travel * WHEEL_STEP)))
        event.preventDefault();
    },
    { passive: false },
  );
}
