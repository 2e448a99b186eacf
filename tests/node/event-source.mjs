// The `eventsource` package, an EventSource for Node.js, and `eventsource-parser`, which others build on.

import assert from "node:assert/strict";

import { createParser } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";
import { EventSource } from "eventsource";

import { base, fresh, openGate, post, runAll, test } from "./cases.mjs";

const NAMES = "run token tool_call tool_start tool_progress tool_end tool_error usage step_start step_end".split(" ");
const ENDS = ["done", "error", "cancelled", "paused"];
const numbered = (count) => Array.from({ length: count }, (_, at) => `run:${at + 1}; `).join("");

// Places where streams break: random, and the same in each run.
let state = 7;
const random = (below) => (state = (state * 48271) % 2147483647) % below;

/** A fetch whose answers each end after so many bytes, and whose client comes back at once. */
function cutting(cuts) {
  return async (url, options) => {
    const response = await fetch(url, options);
    let left = cuts.shift() ?? Infinity;
    const decoder = new TextDecoder();
    const body = response.body?.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          const text = decoder.decode(chunk.subarray(0, left), { stream: true });
          controller.enqueue(new TextEncoder().encode(text.replace("retry: 500", "retry: 1")));
          left -= chunk.length;
          if (left <= 0) controller.terminate();
        },
      }),
    );
    return new Response(response.status === 204 ? null : body, response);
  };
}

/** What an EventSource tells up to the run's end: names, data and ids. */
function told(path, cuts = []) {
  const source = new EventSource(base + path, { fetch: cutting(cuts) });
  const events = [];
  return new Promise((resolve) => {
    const hear = ({ type, data, lastEventId }) => events.push([type, data, lastEventId]);
    for (const name of ["message", ...NAMES]) source.addEventListener(name, hear);
    for (const name of ENDS) {
      source.addEventListener(name, (event) => {
        if (event.data === undefined) return; // its own error, which has no data: it comes back by itself
        hear(event);
        source.close();
        resolve([...events]); // without the marker that follows, which a cut may keep back
      });
    }
  });
}

async function parsed(path, after) {
  const response = await fetch(base + path, { headers: after ? { "last-event-id": after } : {} });
  if (response.status === 204) return [];
  assert.equal(response.status, 200);
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  const found = [];
  for await (const { id, event, data } of events) found.push({ id, event, data });
  return found;
}

const runIdOf = (events) => events.at(-1)[2].split(".")[0];

test("an EventSource reads the answer and how it ended", async () => {
  const events = await told("/stream?chain=numbered&query=tokens=7");
  const text = events.filter(([name]) => name === "message").map(([, data]) => data).join("");
  assert.equal(text, numbered(7));
  const [name, data] = events.at(-1);
  assert.equal(name, "done");
  assert.deepEqual([JSON.parse(data).finish_reason, JSON.parse(data).usage.total_tokens], ["stop", 10]);
});

test("tools that run at once are told by name, each by its id", async () => {
  const events = await told("/stream?chain=numbered_agent&query=tokens=2 tool=gated twice=1&format=events");
  const ids = (name) => events.filter(([type]) => type === name).map(([, data]) => JSON.parse(data).tool_call_id);
  for (const name of ["tool_start", "tool_progress", "tool_end"]) assert.deepEqual(ids(name).sort(), ["call_0", "call_1"]);
});

test("a failure is an error with data, which the client's own has not", async () => {
  const [name, data] = (await told("/stream?chain=numbered&query=tokens=5 fail=3")).at(-1);
  assert.equal(name, "error");
  assert.ok(JSON.parse(data).code);
});

test("a run that is cancelled ends by that name", async () => {
  const gate = fresh("gate");
  const { run_id } = await post("/runs", { chain: "numbered", input: `tokens=9 hold=5 gate=${gate}` });
  const events = told(`/runs/${run_id}/events`);
  await post(`/runs/${run_id}/cancel`);
  const [name, data] = (await events).at(-1);
  assert.deepEqual([name, JSON.parse(data).reason], ["cancelled", "user"]);
});

test("an EventSource that is cut off at random comes back and has what an uncut one has", async () => {
  const query = "chain=numbered_agent&query=tokens=30 tool=gated twice=1";
  for (const format of ["events", "tokens"]) {
    for (let round = 0; round < 4; round++) {
      const cuts = Array.from({ length: 4 }, () => 40 + random(1500));
      const path = `/stream?${query}&format=${format}&idempotency_key=${fresh("key")}`;
      const events = await told(path, cuts);
      assert.deepEqual(events, await told(`/runs/${runIdOf(events)}/events?format=${format}`));
      assert.equal(new Set(events.map(([, , id]) => id.split(".")[0])).size, 1);
    }
  }
});

test("an EventSource that is cut off while the run goes on starts no second run", async () => {
  const gate = fresh("gate");
  const events = told(`/stream?chain=numbered&query=tokens=12 hold=6 gate=${gate}`, [300, 250]);
  await openGate(gate);
  const text = (await events).filter(([name]) => name === "message").map(([, data]) => data).join("");
  assert.equal(text, numbered(12));
});

test("a run that is not there is an error before the stream", async () => {
  const source = new EventSource(`${base}/runs/01m7ygjx2s21ccc2xxsq49fvwm/events`);
  const error = await new Promise((resolve) => source.addEventListener("error", resolve));
  assert.deepEqual([error.code, source.readyState], [404, EventSource.CLOSED]);
});

test("eventsource-parser goes on after any event as if it had not stopped", async () => {
  const { run_id } = await post("/runs/wait", { chain: "numbered_agent", input: "tokens=20 tool=gated twice=1" });
  for (const format of ["events", "tokens", "message", "openai", "ai-sdk"]) {
    const path = `/runs/${run_id}/events?format=${format}`;
    const whole = await parsed(path);
    assert.ok(whole.length > 20);
    for (let round = 0; round < 6; round++) {
      const at = random(whole.length);
      assert.deepEqual(await parsed(path, whole[at].id), whole.slice(at + 1), `${format} after ${whole[at].id}`);
    }
  }
});

test("eventsource-parser reads any text unchanged, in whatever pieces it comes", async () => {
  const text = "a\nb\r\n\u2028 data: x\n\nevent: done \u{1F469}\u200D\u{1F467}";
  const { run_id } = await post("/runs/wait", { chain: "silent", input: text });
  const body = await (await fetch(`${base}/runs/${run_id}/events?format=events`)).text();
  for (const size of [1, 3, 17, body.length]) {
    const tokens = [];
    const parser = createParser({
      onEvent: ({ event, data }) => event === "token" && tokens.push(JSON.parse(data).text),
      onError: (error) => assert.fail(error),
    });
    for (let at = 0; at < body.length; at += size) parser.feed(body.slice(at, at + size));
    assert.deepEqual(tokens, [`said ${text}`]);
  }
});

await runAll();
