/** One Tab stop for a row of buttons: arrows move inside it. */

/** Where keys go from place `at` of `count`. @type {Record<string, (at: number, count: number) => number>} */
const STEPS = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/**
 * Makes the buttons of an element one Tab stop, the one that had the focus last. What opens over the page and what is not
 * a button, such as a slider, keep their own.
 * @param {HTMLElement} element
 */
export function rove(element) {
  /** @type {HTMLButtonElement | undefined} */
  let current;
  const own = () =>
    [...element.querySelectorAll("button")].filter((node) => !node.closest("[popover], dialog"));
  const reachable = () => own().filter((node) => !node.disabled && node.checkVisibility());
  const update = () => {
    const nodes = reachable();
    if (!current || !nodes.includes(current)) current = nodes[0];
    for (const node of own()) node.tabIndex = node === current ? 0 : -1;
  };
  element.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLButtonElement) || !own().includes(target)) return;
    current = target;
    update();
  });
  element.addEventListener("keydown", (event) => {
    const nodes = reachable();
    const at = nodes.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    if (at < 0 || event.defaultPrevented || !STEPS[event.key]) return;
    event.preventDefault();
    nodes[STEPS[event.key](at, nodes.length)].focus();
  });
  // Buttons come later, and are disabled while there is nothing to undo.
  const changes = {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["disabled", "hidden"],
  };
  new MutationObserver(update).observe(element, changes);
  new ResizeObserver(update).observe(element); // narrow pages hide some
}
