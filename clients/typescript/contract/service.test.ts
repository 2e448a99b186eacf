// What the service does, as each transport tells it.

import { expect, test } from "vitest";

import {
  cancelRun,
  decide,
  getRun,
  resumeChat,
  streamChat,
  streamChatSSE,
  type ChatState,
} from "../src/index.js";
import { asked, fresh, given, KEY, LOCKED, numbered, openGate, SERVICE, talking, uncut } from "./service.js";

type Ask = (message: string, run: { chain: string }, base?: string, apiKey?: string) => Promise<ChatState>;

const over =
  (stream: typeof streamChat): Ask =>
  (message, run, baseUrl = SERVICE, apiKey) =>
    stream(message, () => undefined, { baseUrl, run, apiKey, retries: 0 });
const WAYS: Record<string, Ask> = {
  lines: over(streamChat),
  SSE: over(streamChatSSE),
  socket: (message, run, base = SERVICE, apiKey) => asked(base, message, run, apiKey),
};

async function each(check: (ask: Ask, way: string) => Promise<void>): Promise<void> {
  for (const [way, ask] of Object.entries(WAYS)) await check(ask, way);
}

test("tools that run at once are told with what the model wrote, what they got, and what came of it", async () => {
  await each(async (ask) => {
    const state = await ask("go", { chain: "piecewise" });
    expect(state.content).toBe("Let me see. They said: 5 and no hut here");
    expect(state.toolCalls).toMatchObject([
      { name: "add", status: "succeeded", args: '{"a": 2, "b": 3}', input: { a: 2, b: 3 }, progress: { done: 1 }, output: expect.anything() },
      { name: "refuse", status: "failed", args: '{"word": "hut"}', error: { code: "tool_failed" } },
    ]);
    expect(state).toMatchObject({ status: "succeeded", usage: { total_tokens: 20 } });
  });
});

test("thoughts are told in streams of all events", async () => {
  for (const way of ["lines", "SSE"]) expect((await WAYS[way]?.("go", { chain: "piecewise" }))?.reasoning).toBe("Two things at once.");
});

test("a text that could be taken for frames comes as it was", async () => {
  const text = "data: x\n\nid: 7\r\n\u2028\u0085 🦜👩‍🚀 \0 {\"a\": 1}";
  await each(async (ask) => {
    expect((await ask(text, { chain: "silent" })).content).toBe(`said ${text}`);
  });
});

test("a run that fails says why", async () => {
  await each(async (ask) => {
    const failed = ask("tokens=5 fail=3", { chain: "numbered" });
    await expect(failed).rejects.toMatchObject({ name: "RunError", state: { content: numbered(2), status: "failed" } });
  });
});

test("a chain that there is not is refused with its code", async () => {
  await each(async (ask) => {
    await expect(ask("hi", { chain: "none" })).rejects.toMatchObject({ name: "ProblemError", code: "unknown_chain" });
  });
});

test("a key is asked for, and shown", async () => {
  await each(async (ask) => {
    expect((await ask("tokens=2", { chain: "numbered" }, LOCKED, KEY)).content).toBe(numbered(2));
    await expect(ask("tokens=2", { chain: "numbered" }, LOCKED)).rejects.toMatchObject({ name: "ProblemError", code: "no_key" });
    const wrong = ask("tokens=2", { chain: "numbered" }, LOCKED, "wrong");
    await expect(wrong).rejects.toMatchObject({ name: "ProblemError", code: "wrong_key" });
  });
});

test("what a provider's failure supersedes is dropped, and the fallback's answer stands", async () => {
  await each(async (ask) => {
    const state = await ask(given("DIES"), { chain: "chat" }, given("BACKED"));
    expect(state.content.trim()).toBe(given("ANSWER"));
  });
});

test("a run that is cancelled ends by that name", async () => {
  for (const stream of [streamChat, streamChatSSE]) {
    const gate = fresh();
    const held = stream(`tokens=9 hold=5 gate=${gate}`, () => undefined, {
      baseUrl: SERVICE,
      run: { chain: "numbered" },
      onRun: (runId) => void cancelRun(runId, { baseUrl: SERVICE }),
    });
    await expect(held).rejects.toMatchObject({ name: "CancelledError", reason: "user" });
  }
});

test("a run that is told over a socket is cancelled over it", async () => {
  const { chat, end } = talking(SERVICE, { onRun: () => chat.cancel() });
  chat.send(`tokens=9 hold=5 gate=${fresh()}`, { chain: "numbered" });
  const { state, error } = await end();
  chat.close();
  expect(error).toMatchObject({ name: "CancelledError", reason: "user" });
  expect(await getRun(state.runId ?? "", { baseUrl: SERVICE })).toMatchObject({ status: "cancelled", cancel_reason: "user" });
});

test("a run that waits for a person goes on once it is answered", async () => {
  const client = { baseUrl: SERVICE };
  await each(async (ask) => {
    const waiting = await ask("go", { chain: "confirming" });
    expect(waiting).toMatchObject({ status: "waiting", approvals: [{ value: "Which colour?" }] });
    const [approval] = waiting.approvals;
    const runId = waiting.runId ?? "";
    await decide(runId, approval?.interrupt_id ?? "", [{ type: "respond", value: "blue" }], client);
    const state = await resumeChat(runId, () => undefined, { ...client, after: waiting.lastEventId });
    expect(state).toMatchObject({ status: "succeeded", content: "You said blue." });
    await expect(decide(runId, "none", [{ type: "approve" }], client)).rejects.toMatchObject({ name: "ProblemError" });
  });
});

test("a run that waits is cancelled over its socket, and one that was answered goes on there", async () => {
  const { chat, end } = talking(SERVICE);
  chat.send("go", { chain: "confirming" });
  const { state } = await end();
  await decide(state.runId ?? "", state.approvals[0]?.interrupt_id ?? "", [{ type: "respond", value: "red" }], { baseUrl: SERVICE });
  chat.resume();
  expect(await end()).toMatchObject({ state: { status: "succeeded", content: "You said red.", approvals: [] }, error: null });
  chat.send("go", { chain: "confirming" });
  expect((await end()).state.status).toBe("waiting");
  chat.cancel();
  expect(await end()).toMatchObject({ state: { status: "cancelled" }, error: { name: "CancelledError" } });
  chat.close();
});

test("the same key is the same run, and another request with it a conflict", async () => {
  const options = { baseUrl: SERVICE, idempotencyKey: fresh(), run: { chain: "numbered" } };
  const first = await streamChatSSE("tokens=3", () => undefined, options);
  const again = await streamChat("tokens=3", () => undefined, options);
  expect([again.runId, again.content]).toEqual([first.runId, first.content]);
  await expect(streamChat("tokens=4", () => undefined, options)).rejects.toMatchObject({ status: 409, code: "idempotency_conflict" });
});

test("a run is read from any of its events on, and its end again", async () => {
  const { runId } = await streamChatSSE("tokens=5", () => undefined, { baseUrl: SERVICE, run: { chain: "numbered" } });
  const { events } = await uncut(runId ?? "");
  for (const [at, { id }] of events.entries()) {
    const seen: string[] = [];
    const onEvent = (event: { id: string }): void => void seen.push(event.id);
    const state = await resumeChat(runId ?? "", () => undefined, { baseUrl: SERVICE, after: id ?? null, onEvent });
    expect(state.status).toBe("succeeded");
    if (at < events.length - 1) expect(seen).toEqual(events.slice(at + 1).map((event) => event.id));
  }
});

test("an abort leaves the run, which another reader has to its end", async () => {
  const gate = fresh();
  const controller = new AbortController();
  let runId = "";
  const left = streamChat(`tokens=9 hold=5 gate=${gate}`, () => controller.abort(), {
    baseUrl: SERVICE,
    run: { chain: "numbered" },
    signal: controller.signal,
    onRun: (id) => (runId = id),
  });
  await expect(left).rejects.toMatchObject({ name: "AbortError" });
  const resumed = resumeChat(runId, () => undefined, { baseUrl: SERVICE });
  await openGate(gate);
  expect((await resumed).content).toBe(numbered(9));
});
