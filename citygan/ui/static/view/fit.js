/** Tells the style sheet how much of the window the views may have: all that nothing else on the page needs. */

/**
 * Keeps `--cg-above` and `--cg-below` of the studio up to date: pixels above the views, from the top of the page, and
 * of what people need in sight below them. Neither depends on how large the views are.
 * @param {HTMLElement} root the studio
 * @param {HTMLElement} views
 * @param {HTMLElement} under
 */
export function fitWindow(root, views, under) {
  const measure = () => {
    if (!root.checkVisibility()) return;
    const above = views.getBoundingClientRect().top + window.scrollY;
    root.style.setProperty("--cg-above", `${Math.round(above)}px`);
    root.style.setProperty("--cg-below", `${under.offsetHeight}px`);
  };
  const observer = new ResizeObserver(measure);
  for (const node of [document.body, root, under]) observer.observe(node);
}
