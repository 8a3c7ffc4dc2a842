/** Makes elements. */

/** @returns {HTMLElement} an element with a class and children */
export function el(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}
