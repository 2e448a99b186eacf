// @vitest-environment jsdom
import { act, cleanup, renderHook } from "@testing-library/react";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";

import { useStreamingChat, type UseStreamingChatOptions } from "../src/react.js";
import {
  approval,
  begun,
  done,
  idOf,
  log,
  OPENING,
  paused,
  problem,
  RUN,
  scripted,
  serving,
  sse,
  streamed,
  token,
  type Answer,
} from "./scripted.js";

const CALL = { tool_call_id: "c1", name: "add" };
const ANSWER = log(
  begun,
  ["tool_start", { ...CALL, step: null, input: { a: 1 } }],
  ["tool_end", { ...CALL, output: 2, duration_ms: 1 }],
  token("Hello "),
  token("wörld"),
  done(),
);
const OPEN: Answer = (_, signal) => streamed([OPENING + sse(ANSWER.slice(0, 4))], { end: "silent", signal });
const CANCELLED = ["cancelled", { reason: "user", output: "Hello ", duration_ms: 1 }] as const;

afterEach(cleanup);

function hook(answers: readonly [Answer, ...Answer[]], options: UseStreamingChatOptions = {}) {
  const { fetch, asked } = scripted(...answers);
  const calls: string[] = [];
  let renders = 0;
  const given = (): UseStreamingChatOptions => ({
    baseUrl: "http://service.test",
    firstDelay: 0,
    retries: 2,
    fetch,
    onToken: (text) => calls.push(`token ${text}`),
    onDone: ({ status }) => calls.push(`done ${status}`),
    onError: (error) => calls.push(`error ${error.name}`),
    ...options,
  });
  const rendered = renderHook(
    () => {
      renders++;
      return useStreamingChat(given());
    },
    { wrapper: StrictMode },
  );
  return { ...rendered, asked, calls, renders: () => renders };
}

/** Until the hook shows this. */
async function until<Result>(result: { current: Result }, condition: (shown: Result) => boolean): Promise<Result> {
  await vi.waitFor(() => {
    if (!condition(result.current)) throw new Error("not yet");
  });
  return result.current;
}

test("a chat is shown as it comes, to its end, in StrictMode too", async () => {
  const { result, calls, asked } = hook([serving(ANSWER)]);
  expect(result.current).toMatchObject({ content: "", toolCalls: [], isStreaming: false, error: null });
  await act(() => result.current.send("hi", { chain: "agent" }));
  expect(result.current).toMatchObject({ content: "Hello wörld", isStreaming: false, error: null, status: "succeeded" });
  expect(result.current.toolCalls).toEqual([{ ...CALL, status: "succeeded", input: { a: 1 }, output: 2, duration_ms: 1 }]);
  expect(calls).toEqual(["token Hello ", "token wörld", "done succeeded"]);
  expect(asked.map(({ body }) => body)).toEqual([{ chain: "agent", input: "hi" }]);
});

test("a thousand tokens at once are a few renders", async () => {
  const many = log(begun, ...Array.from({ length: 1_000 }, () => token("x")), done());
  const { result, renders } = hook([serving(many)]);
  const before = renders();
  await act(() => result.current.send("hi"));
  expect(result.current.content).toHaveLength(1_000);
  expect(renders() - before).toBeLessThan(60); // StrictMode renders twice
});

test("the functions are the same ones in each render", async () => {
  const { result } = hook([serving(ANSWER)]);
  const { send, cancel, reset, resume } = result.current;
  await act(() => send("hi"));
  expect(result.current).toMatchObject({ send, cancel, reset, resume });
});

test("on unmount the stream is aborted, and nothing is told or rendered any more", async () => {
  let aborted: AbortSignal | null = null;
  const { result, unmount, calls, renders } = hook([(asked, signal) => ((aborted = signal), OPEN(asked, signal))]);
  let sent: Promise<void> = Promise.resolve();
  act(() => void (sent = result.current.send("hi")));
  await act(() => until(result, ({ content }) => content === "Hello ").then(() => undefined));
  const before = renders();
  unmount();
  expect((aborted as AbortSignal | null)?.aborted).toBe(true);
  await sent;
  expect(calls).toEqual(["token Hello "]);
  expect(renders()).toBe(before);
});

test("a cancel is asked of the service, and what was said stays", async () => {
  const [cancelled] = log(CANCELLED);
  let end = (): void => undefined;
  const stream: Answer = () => {
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(encoder.encode(OPENING + sse(ANSWER.slice(0, 4))));
        end = () => controller.enqueue(encoder.encode(sse([{ ...cancelled!, id: idOf(5) }])));
      },
    });
    return new Response(body, { headers: { "X-Run-ID": RUN } });
  };
  const { result, asked, calls } = hook([stream, () => (end(), Response.json({ status: "cancelled" }))]);
  let sent: Promise<void> = Promise.resolve();
  act(() => void (sent = result.current.send("hi")));
  await act(() => until(result, ({ content }) => content === "Hello ").then(() => undefined));
  act(() => result.current.cancel());
  await act(() => sent);
  expect(asked[1]).toMatchObject({ method: "POST", path: `/runs/${RUN}/cancel` });
  expect(result.current).toMatchObject({ content: "Hello ", isStreaming: false, error: null, status: "cancelled" });
  expect(calls).toEqual(["token Hello ", "done cancelled"]);
});

test("a cancel before the run is known reaches it as soon as it is", async () => {
  const events = log(begun, CANCELLED);
  const { result, asked } = hook([serving(events), () => Response.json({ status: "cancelled" })]);
  await act(async () => {
    const sent = result.current.send("hi");
    result.current.cancel();
    await sent;
  });
  expect(asked.map(({ path }) => path)).toEqual(["/runs/stream?format=events", `/runs/${RUN}/cancel`]);
  expect(result.current).toMatchObject({ status: "cancelled", error: null });
});

test("a cancel that is refused ends the stream and says why", async () => {
  const { result, calls } = hook([OPEN, () => problem(403, "scope_missing")]);
  let sent: Promise<void> = Promise.resolve();
  act(() => void (sent = result.current.send("hi")));
  await act(() => until(result, ({ content }) => content === "Hello ").then(() => undefined));
  act(() => result.current.cancel());
  await act(() => sent);
  expect(result.current).toMatchObject({ isStreaming: false, error: { code: "scope_missing" }, content: "Hello " });
  expect(calls.at(-1)).toBe("error ProblemError");
});

test("a run that somebody else cancelled, and one that failed, are errors", async () => {
  const { result, calls } = hook([serving(log(begun, ["cancelled", { reason: "timeout", output: "", duration_ms: 1 }]))]);
  await act(() => result.current.send("hi"));
  expect(result.current.error).toMatchObject({ name: "CancelledError", reason: "timeout" });
  expect(calls).toEqual(["error CancelledError"]);
});

test("a stream that is given up is an error, and resume goes on with it", async () => {
  const down: Answer = () => Promise.reject(new TypeError("fetch failed"));
  const { result, calls } = hook([serving(ANSWER.slice(0, 4)), down, down, serving(ANSWER)]);
  await act(() => result.current.send("hi"));
  expect(result.current).toMatchObject({ error: { name: "TruncatedError" }, content: "Hello ", isStreaming: false });
  await act(() => result.current.resume());
  expect(result.current).toMatchObject({ error: null, content: "Hello wörld", status: "succeeded" });
  expect(calls).toEqual(["token Hello ", "error TruncatedError", "token wörld", "done succeeded"]);
});

test("a run of another page is read from its start", async () => {
  const { result, asked } = hook([serving(ANSWER)]);
  await act(() => result.current.resume(RUN));
  expect(result.current).toMatchObject({ content: "Hello wörld", runId: RUN });
  expect(asked.map(({ method, path }) => [method, path])).toEqual([["GET", `/runs/${RUN}/events?format=events`]]);
});

test("a run that waits is done for now, and goes on once it is answered", async () => {
  const waiting = log(begun, approval("i1"));
  const rest = log(begun, approval("i1"), token("yes"), done());
  const { result, calls } = hook([() => streamed([sse([...waiting, paused])]), serving(rest)]);
  await act(() => result.current.send("hi"));
  expect(result.current).toMatchObject({ status: "waiting", isStreaming: false, approvals: [{ interrupt_id: "i1" }] });
  await act(() => result.current.resume());
  expect(result.current).toMatchObject({ status: "succeeded", content: "yes", approvals: [] });
  expect(calls).toEqual(["done waiting", "token yes", "done succeeded"]);
});

test("a run that waits can be cancelled", async () => {
  const waiting = log(begun, approval("i1"));
  const cancelled = log(begun, approval("i1"), CANCELLED);
  const { result, calls, asked } = hook([() => streamed([sse([...waiting, paused])]), () => Response.json({}), serving(cancelled)]);
  await act(() => result.current.send("hi"));
  act(() => result.current.cancel());
  await act(() => until(result, ({ status, isStreaming }) => status === "cancelled" && !isStreaming).then(() => undefined));
  expect(calls).toEqual(["done waiting", "done cancelled"]);
  expect(asked.filter(({ path }) => path.endsWith("/cancel"))).toHaveLength(1);
  expect(result.current.error).toBeNull();
});

test("a reset is as before the first message, and cancels what still runs", async () => {
  const { result, asked, calls } = hook([OPEN, () => Response.json({})]);
  let sent: Promise<void> = Promise.resolve();
  act(() => void (sent = result.current.send("hi")));
  await act(() => until(result, ({ content }) => content === "Hello ").then(() => undefined));
  act(() => result.current.reset());
  await act(() => sent);
  expect(result.current).toMatchObject({ content: "", toolCalls: [], isStreaming: false, error: null, status: null, runId: null });
  expect(asked.map(({ path }) => path)).toEqual(["/runs/stream?format=events", `/runs/${RUN}/cancel`]);
  expect(calls).toEqual(["token Hello "]);
});

test("a second message takes the place of the first, whose run is cancelled", async () => {
  const { result, asked, calls } = hook([OPEN, () => Response.json({}), serving(ANSWER)]);
  let first: Promise<void> = Promise.resolve();
  act(() => void (first = result.current.send("one")));
  await act(() => until(result, ({ content }) => content === "Hello ").then(() => undefined));
  await act(() => result.current.send("two"));
  await act(() => first);
  expect(result.current.content).toBe("Hello wörld");
  expect(asked.map(({ path }) => path)).toEqual(["/runs/stream?format=events", `/runs/${RUN}/cancel`, "/runs/stream?format=events"]);
  expect(calls).toEqual(["token Hello ", "token Hello ", "token wörld", "done succeeded"]);
});

test("each callback is that of the newest render", async () => {
  const { fetch } = scripted(serving(ANSWER));
  const calls: string[] = [];
  const { result, rerender } = renderHook(
    ({ name }: { name: string }) =>
      useStreamingChat({ baseUrl: "http://service.test", fetch, onDone: () => calls.push(name) }),
    { initialProps: { name: "old" } },
  );
  rerender({ name: "new" });
  await act(() => result.current.send("hi"));
  expect(calls).toEqual(["new"]);
});

test("it renders on a server", () => {
  const Shown = () => <p>{useStreamingChat().isStreaming ? "busy" : "idle"}</p>;
  expect(renderToString(<Shown />)).toBe("<p>idle</p>");
});
