/** Files that are fetched once: the Cache API keeps them under their hash. */

/** @import { Bytes } from "../core/wire.js" */
/** @import { RemoteFile } from "../types.js" */

const CACHE = "citygan";

/**
 * Fetches files, or takes the copies that this browser has.
 * @param {RemoteFile[]} files
 * @param {(loaded: number, total: number) => void} onProgress in bytes of all files
 * @returns {Promise<Bytes[]>} in their order
 * @throws {Error} one does not arrive whole
 */
export async function fetchAll(files, onProgress) {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let loaded = 0;
  const cache = await openCache();
  return Promise.all(
    files.map((file) =>
      fetchOne(file, cache, (bytes) => {
        loaded += bytes;
        onProgress(loaded, total);
      }),
    ),
  );
}

/** Where the page is not served over https, and not from this machine, there is none. */
async function openCache() {
  return globalThis.caches?.open(CACHE).catch(() => null) ?? null; // private windows may refuse
}

/**
 * @param {RemoteFile} file
 * @param {Cache | null} cache
 * @param {(bytes: number) => void} came
 */
async function fetchOne({ url, bytes, sha256 }, cache, came) {
  const name = new URL(url).pathname.split("/").at(-1) ?? "";
  const key = `${self.location.origin}/${sha256}/${name}`; // no address of the server's
  const kept = await cache?.match(key).then((response) => response?.arrayBuffer());
  if (kept?.byteLength === bytes) {
    came(bytes);
    return new Uint8Array(kept);
  }
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`${name} did not arrive (${response.status})`);
  const content = new Uint8Array(bytes);
  let at = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > bytes) throw new Error(`${name} has more than ${bytes} bytes`);
    content.set(value, at);
    at += value.length;
    came(value.length);
  }
  if (at !== bytes) throw new Error(`${name} broke off after ${at} of ${bytes} bytes`);
  await check(content, sha256, name);
  await keep(cache, key, name, content);
  return content;
}

/** @param {Bytes} content @param {string} sha256 @param {string} name */
async function check(content, sha256, name) {
  if (!crypto.subtle) return; // as there is no cache: the page is not served over https
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const got = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (got !== sha256) throw new Error(`${name} is another file than the page was told of; reload the page`);
}

/**
 * Keeps a file, and forgets the versions before it.
 * @param {Cache | null} cache
 * @param {string} key
 * @param {string} name
 * @param {Bytes} content
 */
async function keep(cache, key, name, content) {
  if (!cache) return;
  for (const old of await cache.keys()) if (old.url.endsWith(`/${name}`)) await cache.delete(old);
  await cache.put(key, new Response(content)).catch(() => {}); // the disk may be full: then it comes again
}
