/** A row that always fits: what has no room in it goes into menus. */

/**
 * A part of a row that can be a menu instead.
 * @param {HTMLElement} content
 * @param {HTMLButtonElement} opener opens it as a menu, by `menuBelow`, and is hidden while it is a part of the row
 */
export function folding(content, opener) {
  /** @param {boolean} on */
  const fold = (on) => {
    content.popover = on ? "auto" : null;
    content.classList.toggle("cg-menu", on);
    opener.hidden = !on;
  };
  fold(false);
  return { opener, fold };
}

/**
 * Folds no more of a row than it has to, whenever its width or its parts change.
 * @param {HTMLElement} row
 * @param {((on: boolean) => void)[]} steps in the order in which they are taken
 * @param {HTMLElement} filled a part that is filled later
 */
export function foldToFit(row, steps, filled) {
  const fit = () => {
    if (!row.checkVisibility()) return;
    for (const step of steps) step(false);
    for (const step of steps) {
      if (row.scrollWidth <= row.clientWidth) return;
      step(true);
    }
  };
  new ResizeObserver(fit).observe(row);
  new MutationObserver(fit).observe(filled, { childList: true });
}
