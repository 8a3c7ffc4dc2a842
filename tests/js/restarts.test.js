import assert from "node:assert/strict";
import { test } from "node:test";
import { isReplaced, lasting } from "../../citygan/ui/static/core/restarts.js";

const ROOT = "http://here/gradio_api/";
const STREAM = `${ROOT}queue/data?session_hash=a`;

/** A server that answers what it is asked, one after the other; an Error is a connection that fails. */
function answering(...answers) {
  const asked = [];
  const send = async (input, init) => {
    asked.push([String(input), init?.body]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, fetch: lasting(send) };
}

/** What an event stream says that breaks off, or ends, after some text. */
const stream = (text, error) =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      pull: (controller) => (error ? controller.error(error) : controller.close()),
    }),
  );

/** The messages of an answer. */
const messages = async (answer) => {
  const lines = (await answer.text()).split("\n\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line.replace("data: ", "")).msg);
};

const FAREWELL = ["log", "process_completed", "close_stream"];
const STARTS = 'data: {"msg":"process_starts","event_id":"e"}\n\n';
const ENDS = 'data: {"msg":"close_stream"}\n\n';

test("a stream that ends as it should is left as it is", async () => {
  assert.deepEqual(await messages(await answering(stream(STARTS + ENDS)).fetch(STREAM)), [
    "process_starts",
    "close_stream",
  ]);
});

test("events of a stream that breaks off end in a sentence, and so does the stream", async () => {
  for (const answer of [stream(STARTS, new Error("reset")), stream(STARTS)]) {
    const heard = await messages(await answering(answer).fetch(STREAM));
    assert.deepEqual(heard, ["process_starts", ...FAREWELL]);
  }
});

test("so do those of which a server knows nothing, or that no server answers", async () => {
  const strange = stream('data: {"msg":"unexpected_error","session_not_found":true}\n\n');
  for (const answer of [strange, new Error("refused")]) {
    assert.deepEqual(await messages(await answering(answer).fetch(STREAM)), FAREWELL);
  }
});

test("an event waits for a server, and brings the file that it lacks", async (t) => {
  t.mock.method(globalThis, "setTimeout", queueMicrotask);
  const file = new File(["ids"], "map.png");
  const sent = new FormData();
  sent.append("files", file);
  const { asked, fetch } = answering(
    Response.json(["/tmp/a/map.png"]),
    new Error("refused"),
    new Response("", { status: 404 }),
    Response.json(["/tmp/b/map.png"]),
    Response.json({ event_id: "e" }),
  );
  await fetch(`${ROOT}upload?upload_id=1`, { method: "POST", body: sent });
  const body = JSON.stringify({ data: [{ path: "/tmp/a/map.png" }] });
  const answer = await fetch(`${ROOT}queue/join?`, { method: "POST", body });
  assert.deepEqual(await answer.json(), { event_id: "e" });
  const [, , head, upload, join] = asked;
  assert.equal(head[0], `${ROOT}file=/tmp/a/map.png`);
  assert.equal(await upload[1].get("files").text(), "ids");
  assert.deepEqual(JSON.parse(join[1]), { data: [{ path: "/tmp/b/map.png" }] });
});

test("anything else fails as it would", async () => {
  await assert.rejects(answering(new Error("refused")).fetch(`${ROOT}component_server/`), /refused/);
});

test("a page is replaced when its server has other components", async () => {
  const config = { root: "http://here/", components: [{ id: 1, type: "html", props: {} }] };
  const now = (components) => async () => Response.json({ components });
  assert.equal(await isReplaced(now([{ id: 1, type: "html" }]), config), false);
  assert.equal(await isReplaced(now([{ id: 1, type: "tabs" }]), config), true);
  assert.equal(await isReplaced(() => Promise.reject(new Error("refused")), config), false);
  assert.equal(await isReplaced(now([]), undefined), false);
});
