import { describe, expect, test } from "vitest";

import type { Frame } from "../src/events.js";
import { Fold } from "../src/fold.js";
import { approval, begun, done, idOf, log, messageEnd, paused, token, USAGE, type Framed, type Logged } from "./scripted.js";

/** The state after these frames, and what was told of the answer on the way, as a page would show it. */
function folded(frames: readonly Framed[]) {
  const fold = new Fold();
  let shown = "";
  for (const frame of frames) {
    const { text, replaced } = fold.apply(frame as Frame);
    shown = (replaced ? fold.state.content : shown) + text;
  }
  return { ...fold.state, shown };
}

test("an answer is its tokens, and the run what its end says", () => {
  const state = folded(log(begun, token("a"), token("b"), messageEnd(), done("ab")));
  expect(state).toMatchObject({ content: "ab", shown: "ab", status: "succeeded", output: "ab", usage: USAGE });
  expect(state.lastEventId).toBe(idOf(5));
});

test("tokens that are not the answer's are none of it", () => {
  expect(folded(log(begun, token("thought", "m1", "inner"), token("a", "m2"))).content).toBe("a");
});

test("what models write at the same time is told one after the other, and all of it", () => {
  const frames = log(begun, token("a1"), token("b1", "m2"), token("c1", "m3"), token("a2"), messageEnd("m2"), messageEnd());
  expect(folded(frames).shown).toBe("a1a2b1c1");
  const more = log(begun, token("a1"), token("b1", "m2"), token("c1", "m3"), done());
  expect(folded(more)).toMatchObject({ shown: "a1b1c1", content: "a1b1c1" });
});

describe("a restart", () => {
  const restart = (message_id: string, discard_from: number) =>
    ["restart", { attempt: 1, reason: "fallback", discard_from, message_id, code: "provider_cut" }] as const;
  const call = ["tool_call", { message_id: "m2", tool_call_id: "c1", index: 0, name: "add", args_delta: "{" }] as const;

  test("drops the text, thoughts and calls of its message, and no other's", () => {
    const thought = ["reasoning", { message_id: "m2", step: null, text: "hm" }] as const;
    const state = folded(
      log(begun, token("kept. "), messageEnd(), token("gone", "m2"), thought, call, restart("m2", 4), messageEnd("m2"), token("new", "m3")),
    );
    expect(state).toMatchObject({ content: "kept. new", shown: "kept. new", reasoning: "", toolCalls: [] });
  });

  test("drops the structured output so far with the answer that it was of", () => {
    const partial = ["partial", { value: { a: 1 } }] as const;
    const told = log(begun, token('{"a": 1'), partial, restart("m1", 2), messageEnd());
    expect(folded(told).output).toBeNull();
    const inner = log(begun, token("x", "m1", "inner"), partial, restart("m1", 2), messageEnd());
    expect(folded(inner).output).toEqual({ a: 1 });
  });

  test("of a message that waits for its turn changes nothing that was shown", () => {
    const frames = log(begun, token("a"), token("gone", "m2"), restart("m2", 3), messageEnd("m2"), token("b"), messageEnd(), done());
    expect(folded(frames)).toMatchObject({ content: "ab", shown: "ab" });
  });

  test("lets what waited for its message come after it", () => {
    const frames = log(begun, token("gone"), token("kept", "m2"), restart("m1", 2), messageEnd(), done());
    expect(folded(frames)).toMatchObject({ content: "kept", shown: "kept" });
  });

  test("over a socket drops the pieces from its place on", () => {
    const text = (content: string, seq: number) => ({ event: "text", data: { content }, id: idOf(seq) }) as const;
    const told = log(begun, begun, begun, begun, restart("m2", 3)).slice(4);
    const state = folded([text("kept ", 2), text("gone", 3), text("gone", 4), ...told, text("new", 7)]);
    expect(state).toMatchObject({ content: "kept new", shown: "kept new" });
  });
});

test("a gap's snapshot takes the place of all that was told, and what follows joins it", () => {
  const snapshot = {
    messages: [
      { message_id: "m1", channel: "answer", text: "from the snapshot, " },
      { message_id: "m9", channel: "inner", text: "not shown" },
    ],
    tools: [{ tool_call_id: "c1", name: "add", status: "running" }],
    approvals: [],
    status: "running",
  } as const;
  const gap = { event: "gap", data: { reason: "ahead_of_log", requested: "1.9", as_of: "2.4", snapshot }, id: idOf(4, 2) };
  const next = { ...(log(token("and on"))[0] as Logged), id: idOf(5, 2) };
  const state = folded([...log(begun, token("lost")), gap, next]);
  expect(state).toMatchObject({ content: "from the snapshot, and on", shown: "from the snapshot, and on" });
  expect(state.toolCalls).toEqual([{ tool_call_id: "c1", name: "add", status: "running" }]);
});

test("a tool call goes from what the model writes to what came of it", () => {
  const id = { tool_call_id: "c1", name: "add" };
  const frames = log(
    begun,
    ["tool_call", { ...id, message_id: "m1", index: 0, args_delta: '{"a":' }],
    ["tool_call", { ...id, message_id: "m1", index: 0, args_delta: " 1}" }],
    ["tool_start", { ...id, step: null, input: { a: 1 } }],
    ["tool_progress", { ...id, data: { done: 1 } }],
    ["tool_end", { ...id, output: 2, duration_ms: 5 }],
    ["tool_error", { tool_call_id: "c2", name: "broken", code: "tool_failed", message: "no", duration_ms: 1 }],
  );
  const states = frames.map((_, at) => folded(frames.slice(0, at + 1)).toolCalls.map((call) => call.status));
  expect(states.slice(1)).toEqual([["called"], ["called"], ["running"], ["running"], ["succeeded"], ["succeeded", "failed"]]);
  expect(folded(frames).toolCalls[0]).toEqual({
    ...id,
    status: "succeeded",
    message_id: "m1",
    args: '{"a": 1}',
    input: { a: 1 },
    progress: { done: 1 },
    output: 2,
    duration_ms: 5,
  });
});

test("tool calls that did not change are the same objects, so that they need not be drawn again", () => {
  const fold = new Fold();
  const tools = (tool_call_id: string) => ["tool_start", { tool_call_id, name: "add", step: null, input: {} }] as const;
  const [first, second, third] = log(tools("c1"), tools("c2"), token("a")) as [Logged, Logged, Logged];
  fold.apply(first as Frame);
  const [before] = fold.state.toolCalls;
  fold.apply(second as Frame);
  expect(fold.state.toolCalls[0]).toBe(before);
  const list = fold.state.toolCalls;
  fold.apply(third as Frame);
  expect(fold.state.toolCalls).toBe(list);
});

test("a run waits with its questions, and once it goes on they are answered", () => {
  const waiting = folded([...log(begun, approval("i1"), approval("i2")), paused]);
  expect(waiting.status).toBe("waiting");
  expect(waiting.approvals.map((asked) => asked.interrupt_id)).toEqual(["i1", "i2"]);
  expect(folded(log(begun, approval("i1"), token("a")))).toMatchObject({ status: "running", approvals: [] });
});

test("what a newer service tells is ignored, and moves the cursor", () => {
  const state = folded([...log(begun), { event: "telepathy", data: { t: 2 }, id: idOf(2) }]);
  expect(state).toMatchObject({ lastEventId: idOf(2), content: "", status: "running" });
});

test("a structured output is there while it is written", () => {
  expect(folded(log(begun, ["partial", { value: { a: 1 } }])).output).toEqual({ a: 1 });
});
