/** Teaches the "deflate-raw" of browsers to Node 18, which Debian 12 has. */

import { Duplex } from "node:stream";
import { createDeflateRaw, createInflateRaw } from "node:zlib";

try {
  new CompressionStream("deflate-raw");
} catch {
  /** A class, as far as `new` is concerned. */
  const raw = (create) =>
    function stream() {
      return Duplex.toWeb(create());
    };
  globalThis.CompressionStream = raw(createDeflateRaw);
  globalThis.DecompressionStream = raw(createInflateRaw);
}
