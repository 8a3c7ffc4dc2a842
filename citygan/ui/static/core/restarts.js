/**
 * Keeps the page through a restart of its server.
 *
 * Once an event has lost its server, Gradio's client takes no further one, and reloads the page as soon as a
 * server is back: undo, strip and uploads would be gone. So it never hears of that. What it asks for waits until
 * a server answers, what was under way ends with a sentence, and a server that lacks a file is sent it again.
 */

const AGAIN_AFTER_MS = 1000;
const AWAY = [502, 504]; // of a proxy behind which nothing answers
/** What the client hears of events that broke off: a sentence, and an end that leaves all outputs as they are. */
const FAREWELL = [
  {
    ...{ msg: "log", level: "warning", title: "Not done", visible: true, duration: 10 },
    log: "The server stopped while it worked on this. Try again.",
  },
  { msg: "process_completed", success: true, output: { data: [] } },
  { msg: "close_stream" },
];

/**
 * A `fetch` for the whole page.
 * @param {typeof fetch} send
 * @returns {typeof fetch}
 */
export function lasting(send) {
  /** @type {Map<string, {file: FormDataEntryValue, path: string}>} by the paths that the client knows */
  const files = new Map();
  /** @param {string} root @param {FormDataEntryValue} file @returns {Promise<string>} its path on the server */
  const upload = async (root, file) => {
    const body = new FormData();
    body.append("files", file);
    const [path] = await (await send(`${root}upload`, { method: "POST", body })).json();
    return path;
  };
  /** @param {string} root @param {string} event as JSON @returns {Promise<string>} with files that are there */
  const renewed = async (root, event) => {
    for (const [known, kept] of files) {
      if (!event.includes(JSON.stringify(known))) continue;
      const there = await send(`${root}file=${kept.path}`, { method: "HEAD" });
      if (!there.ok) kept.path = await upload(root, kept.file);
      event = event.replaceAll(JSON.stringify(known), JSON.stringify(kept.path));
    }
    return event;
  };
  return async (input, init) => {
    const address = (input instanceof Request ? input.url : String(input)).split("?")[0];
    const [, root, what] = address.match(/^(.*\/)(queue\/data|queue\/join|upload)$/) ?? [];
    if (what === "queue/data") {
      const signal = input instanceof Request ? input.signal : init?.signal;
      return new Response(outlasting(send(input, init), signal));
    }
    const { body } = init ?? {};
    if (what === "queue/join" && typeof body === "string") {
      return patient(async () => send(input, { ...init, body: await renewed(root, body) }));
    }
    if (what === "upload" && body instanceof FormData) {
      const answer = await patient(() => send(input, init));
      const paths = answer.ok ? await answer.clone().json() : [];
      for (const [i, file] of body.getAll("files").entries()) files.set(paths[i], { file, path: paths[i] });
      return answer;
    }
    return send(input, init);
  };
}

/** Tries until a server answers. @param {() => Promise<Response>} ask */
async function patient(ask) {
  for (;;) {
    const answer = await ask().catch(() => null);
    if (answer && !AWAY.includes(answer.status)) return answer;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
  }
}

/**
 * The messages of events. Where they break off, or the server knows nothing of these events, those that are under
 * way end, and the next one opens another stream.
 * @param {Promise<Response>} opening
 * @param {AbortSignal | null | undefined} signal of the client, that it wants no more
 * @returns {ReadableStream<Uint8Array>}
 */
function outlasting(opening, signal) {
  const farewell = FAREWELL.map((message) => `data: ${JSON.stringify(message)}\n\n`).join("");
  return new ReadableStream({
    async start(controller) {
      let complete = false;
      try {
        const reader = (await opening).body?.pipeThrough(new TextDecoderStream()).getReader();
        while (reader) {
          const { done, value } = await reader.read();
          if (done || value.includes('"session_not_found":true')) break;
          controller.enqueue(new TextEncoder().encode(value));
          complete = value.includes('"close_stream"');
        }
      } catch {
        // the farewell says so
      }
      if (signal?.aborted) return;
      if (!complete) controller.enqueue(new TextEncoder().encode(farewell));
      controller.close();
    },
  });
}

/**
 * Whether the server has another page by now, whose events are not those of this one.
 * @param {typeof fetch} send
 * @param {{root: string, components: {id: number, type: string}[]} | undefined} config of this page; without one it
 *   has no server
 */
export async function isReplaced(send, config) {
  if (!config) return false;
  const answer = await send(`${config.root.replace(/\/$/, "")}/config`).catch(() => null);
  if (!answer?.ok) return false;
  /** @param {{id: number, type: string}[]} components */
  const parts = (components) => JSON.stringify(components.map(({ id, type }) => [id, type]));
  return parts((await answer.json()).components) !== parts(config.components);
}
