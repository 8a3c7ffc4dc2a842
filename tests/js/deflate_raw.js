/** Teaches the "deflate-raw" of browsers to Node 18, which Debian 12 has. */

import { Duplex } from "node:stream";
import { createDeflateRaw, createInflateRaw } from "node:zlib";

try {
  new CompressionStream("deflate-raw");
} catch {
  const raw = (create) =>
    function () {
      return Duplex.toWeb(create());
    };
  globalThis.CompressionStream = raw(createDeflateRaw);
  globalThis.DecompressionStream = raw(createInflateRaw);
}
