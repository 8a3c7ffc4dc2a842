/** Share links: a map in the fragment of the address, which browsers never send to a server. */

import { FRAGMENT, fromFragment, toFragment } from "../core/document.js";
import { reason } from "../core/server.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { Drawing, OpenMap, Painter } from "../types.js" */

const MAX_LINK_CHARS = 16_000; // browsers take more, but many chats and mail programs cut it off

/**
 * Opens the map in the page's address, now and when the address changes, and takes it out of there.
 * @param {Painter} painter
 * @param {OpenMap} openMap
 */
export function readLink(painter, openMap) {
  const read = async () => {
    if (!location.hash.startsWith(FRAGMENT)) return;
    try {
      openMap(await fromFragment(location.hash, painter.known), "Opened the map of the link");
    } catch (error) {
      painter.say(`The link holds no map that can be opened: ${reason(error)}`, true);
    }
    history.replaceState(null, "", location.pathname + location.search);
  };
  window.addEventListener("hashchange", read);
  return read();
}

/**
 * The button that makes a link.
 * @param {Painter} painter
 * @param {() => Drawing} drawing
 * @param {() => void} saveProject
 */
export function buildShare(painter, drawing, saveProject) {
  const field = el("input", "cg-link");
  field.readOnly = true;
  field.setAttribute("aria-label", "Link to this map");
  const words = el("p");
  const instead = textButton("Save project", saveProject);
  const close = textButton("Close", () => dialog.close());
  const title = el("h2", "", "Link to this map");
  const dialog = el("dialog", "cg-help", title, words, field, el("div", "cg-bar", instead, close));
  dialog.setAttribute("aria-label", "Link to this map");

  const share = async () => {
    const link = location.href.split("#")[0] + (await toFragment({ map: painter, ...drawing() }));
    const tooLong = link.length > MAX_LINK_CHARS;
    field.hidden = tooLong;
    instead.hidden = !tooLong;
    field.value = tooLong ? "" : link;
    const copied = !tooLong && (await copy(link));
    words.textContent = tooLong
      ? `This map is too detailed for a link: it would have ${link.length.toLocaleString()} characters, and
         many programs cut off what is longer than ${MAX_LINK_CHARS.toLocaleString()}. A saved project carries
         any map.`
      : `${copied ? "Copied. " : "Copy it: "}The whole map is in the link, nothing is stored on a server.`;
    dialog.showModal();
    if (!tooLong) field.select();
  };
  return el("span", "", textButton("Share", share, { title: "Make a link to this map" }), dialog);
}

/** @param {string} text @returns {Promise<boolean>} whether the browser allowed it */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or no secure origin: the field shows the link
  }
}
