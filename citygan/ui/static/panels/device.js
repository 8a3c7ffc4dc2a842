/** The switch between photos from the server and photos that this device makes. */

import { DeviceEngine } from "../device/engine.js";
import { Runner } from "../device/runner.js";
import { hasWebGPU } from "../device/webgpu.js";
import { textButton } from "../view/controls.js";
import { el } from "../view/dom.js";

/** @import { DeviceProps, Painter, Server } from "../types.js" */

const KEY = "citygan:runs-on"; // what the visitor chose last
const NAMES = { webgpu: "this device, WebGPU", wasm: "this device, WASM" };
const MB = 1e6;

/**
 * @param {DeviceProps | null} device null where there is nothing to switch
 * @param {Server} server
 * @param {Painter} painter
 * @param {() => void} changed another one makes the photos now
 * @returns {{element: HTMLElement | null, render: Server["render"], onServer: () => boolean}}
 */
export function buildDevice(device, server, painter, changed) {
  if (!device) return { element: null, render: server.render, onServer: () => true };
  const chip = el("span", "cg-where-name");
  const progress = buildProgress();
  const toServer = textButton("server", () => choose("server"));
  const toDevice = textButton("this device", () => choose("device"), {
    title: "Photos are made in your browser; its files are fetched once",
  });

  const open = () => DeviceEngine.open(device.parts, { onProgress: progress.show });
  const runner = new Runner(server, open, {
    place: (place) => {
      const here = place !== "server";
      toServer.setAttribute("aria-pressed", String(!here));
      toDevice.setAttribute("aria-pressed", String(here));
      progress.element.hidden = place !== "opening";
      if (place === "opening") return;
      chip.textContent = place === "server" ? device.server_name : NAMES[place];
      changed();
    },
    failed: (text) => {
      remember("server");
      painter.say(text, true);
    },
  });

  /** @param {"server" | "device"} place */
  function choose(place) {
    remember(place);
    if (place === "server") runner.useServer();
    else if (toDevice.getAttribute("aria-pressed") !== "true") runner.useDevice();
  }

  chip.textContent = device.server_name;
  toServer.setAttribute("aria-pressed", "true");
  toDevice.setAttribute("aria-pressed", "false");
  startsHere(device).then((here) => {
    if (here) runner.useDevice();
  });
  const group = el("div", "cg-where", el("span", "", "Runs on"), toServer, toDevice, chip, progress.element);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Runs on");
  const onServer = () => toServer.getAttribute("aria-pressed") === "true";
  return { element: group, render: runner.render, onServer };
}

/** How much has come. */
function buildProgress() {
  const bar = el("progress");
  bar.setAttribute("aria-label", "Fetching what makes photos here");
  const text = el("span");
  const element = el("span", "cg-fetching", bar, text);
  element.hidden = true;
  return {
    element,
    /** @param {number} loaded @param {number} total in bytes */
    show: (loaded, total) => {
      bar.value = loaded / total;
      text.textContent = `${(loaded / MB).toFixed(0)} of ${(total / MB).toFixed(0)} MB`;
    },
  };
}

/** @param {DeviceProps} device */
async function startsHere({ starts_here }) {
  const chosen = remembered();
  if (chosen) return chosen === "device";
  return starts_here && hasWebGPU();
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // the browser keeps nothing for this page
  }
}

/** @param {"server" | "device"} place */
function remember(place) {
  try {
    localStorage.setItem(KEY, place);
  } catch {} // as above
}
