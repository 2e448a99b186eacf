import { describe, expect, test, vi } from "vitest";

import {
  CancelledError,
  ProblemError,
  resumeChat,
  RunError,
  streamChat,
  streamChatSSE,
  TruncatedError,
  UnreachableError,
  type ChatOptions,
} from "../src/index.js";
import {
  approval,
  begun,
  done,
  idOf,
  log,
  messageEnd,
  ndjson,
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

const ANSWER = log(begun, token("Hello "), token("wörld, "), token("👩‍🚀"), messageEnd(), done());
const TEXT = "Hello wörld, 👩‍🚀";
const STEP = process.env["TEST_CUTS"] ? 1 : 7; // bytes between two cuts
const BASE: ChatOptions = { baseUrl: "http://service.test/mounted/", firstDelay: 0 };
const ROUTES = [
  { name: "streamChat", chat: streamChat, format: "ndjson" },
  { name: "streamChatSSE", chat: streamChatSSE, format: "events" },
];

/** A chat with these answers: the tokens, the state or error that it came to, and what was asked. */
async function chatted(chat: typeof streamChat, answers: readonly [Answer, ...Answer[]], options: ChatOptions = {}) {
  const { fetch, asked } = scripted(...answers);
  const tokens: string[] = [];
  const outcome = await chat("hi", (text) => void tokens.push(text), { ...BASE, fetch, ...options }).then(
    (state) => ({ state, error: null }),
    (error: unknown) => ({ state: null, error }),
  );
  return { ...outcome, tokens, asked };
}

describe.each(ROUTES)("$name", ({ chat, format }) => {
  test("posts the message with a key of its own and tells each token", async () => {
    const run = { chain: "agent", thread_id: "t" } as const;
    const { state, tokens, asked } = await chatted(chat, [serving(ANSWER)], { apiKey: "k", run, headers: { "X-A": "b" } });
    expect(tokens).toEqual(["Hello ", "wörld, ", "👩‍🚀"]);
    expect(state).toMatchObject({ content: TEXT, status: "succeeded", runId: RUN, lastEventId: idOf(6) });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ method: "POST", path: `/mounted/runs/stream?format=${format}` });
    expect(asked[0]?.body).toEqual({ chain: "agent", thread_id: "t", input: "hi" });
    expect(asked[0]?.headers).toMatchObject({
      Authorization: "Bearer k",
      "X-A": "b",
      "Content-Type": "application/json",
      "Idempotency-Key": expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    });
  });

  test.each(["clean", "broken"] as const)("loses and repeats nothing at a %s cut at any byte", async (end) => {
    const whole = format === "events" ? OPENING + sse(ANSWER) : ndjson(ANSWER);
    const length = new TextEncoder().encode(whole).length;
    for (let cut = 0; cut < length; cut += STEP) {
      const events: string[] = [];
      const onEvent = ({ id }: { id: string }): void => void events.push(id);
      const { tokens, state } = await chatted(chat, [serving(ANSWER, [cut], end)], { onEvent });
      expect(tokens.join("")).toBe(TEXT);
      expect(state?.status).toBe("succeeded");
      expect(events).toEqual(ANSWER.map(({ id }) => id));
    }
  });

  test("goes on through any number of cuts that bring something new", async () => {
    const { tokens } = await chatted(chat, [serving(ANSWER, Array<number>(5).fill(300))], { retries: 1 });
    expect(tokens.join("")).toBe(TEXT);
  });

  test("sends a start whose answer was lost again under its key, and reads on once it has a run", async () => {
    const lost: Answer = () => Promise.reject(new TypeError("fetch failed"));
    const { asked, state } = await chatted(chat, [lost, lost, serving(ANSWER, [0]), serving(ANSWER)]);
    expect(state?.content).toBe(TEXT);
    const keys = asked.slice(0, 3).map(({ headers }) => headers["Idempotency-Key"]);
    expect(new Set(keys).size).toBe(1);
    expect(asked[3]).toMatchObject({ method: "GET", path: `/mounted/runs/${RUN}/events?format=${format}` });
  });

  test("says that an answer is truncated, with what there is of it and where to go on", async () => {
    for (const answer of [() => problem(502, "bad_gateway"), () => streamed([])]) {
      const { error, tokens } = await chatted(chat, [serving(ANSWER.slice(0, 3)), answer], { retries: 2 });
      expect(error).toBeInstanceOf(TruncatedError);
      const state = { content: "Hello wörld, ", lastEventId: idOf(3), runId: RUN, status: "running" };
      expect(error).toMatchObject({ code: "truncated", state });
      expect(tokens.join("")).toBe("Hello wörld, ");
    }
  });

  test("takes events that were left out for a cut", async () => {
    const holed: Answer = () => {
      const events = ANSWER.filter((_, at) => at !== 2);
      return format === "events" ? streamed([sse(events)]) : streamed([ndjson(events)], { type: "application/x-ndjson" });
    };
    const { tokens, asked } = await chatted(chat, [holed, serving(ANSWER)]);
    expect(tokens.join("")).toBe(TEXT);
    expect(asked[1]?.path).toContain(`after=${encodeURIComponent(idOf(2))}`);
    expect((await chatted(chat, [holed], { retries: 3 })).error).toBeInstanceOf(TruncatedError);
  });

  test("takes what is no event for a cut", async () => {
    const type = format === "events" ? "text/event-stream" : "application/x-ndjson";
    const broken: Answer = () => streamed([format === "events" ? "event: run\ndata: {\n\n" : "{\n"], { type });
    const html: Answer = () => streamed(["<html>"], { type: "text/html" });
    expect((await chatted(chat, [broken, html, serving(ANSWER)])).state?.content).toBe(TEXT);
  });

  test("drops what a restart supersedes, and says what stands", async () => {
    const restart = ["restart", { attempt: 1, reason: "fallback", discard_from: 2, message_id: "m1", code: "provider_cut" }] as const;
    const events = log(begun, token("wrong"), restart, messageEnd("m1"), token("right", "m2"), messageEnd("m2"), done());
    const replaced: string[] = [];
    const { state, tokens } = await chatted(chat, [serving(events)], { onReplace: (content) => replaced.push(content) });
    expect(tokens).toEqual(["wrong", "right"]);
    expect(replaced).toEqual([""]);
    expect(state?.content).toBe("right");
  });

  test("takes the snapshot of a gap and goes on after it, though its numbers are lower", async () => {
    const snapshot = { messages: [{ message_id: "m1", channel: "answer", text: "Hello " }], tools: [], approvals: [], status: "running" };
    const gap = { event: "gap", data: { reason: "ahead_of_log", requested: "1.3", as_of: "1.2", snapshot }, id: idOf(2) };
    const rest = [
      { event: "error", data: { t: 9, code: "owner_lost", message: "It is gone.", fault: "service", retryable: true }, id: idOf(3) },
    ];
    const after: Answer = () => {
      const frames = [gap, ...rest];
      return format === "events" ? streamed([sse(frames)]) : streamed([ndjson(frames)], { type: "application/x-ndjson" });
    };
    const replaced: string[] = [];
    const { error } = await chatted(chat, [serving(ANSWER.slice(0, 4)), after], { onReplace: (content) => replaced.push(content) });
    expect(replaced).toEqual(["Hello "]);
    expect(error).toBeInstanceOf(RunError);
    expect(error).toMatchObject({ code: "owner_lost", fault: "service", retryable: true, state: { content: "Hello " } });
  });

  test("a run that failed or was cancelled is an error that says why", async () => {
    const failed = log(begun, token("half"), ["error", { code: "silence_timeout", message: "Silent.", fault: "provider", retryable: true }]);
    expect((await chatted(chat, [serving(failed)])).error).toMatchObject({ name: "RunError", message: "Silent.", fault: "provider" });
    const cancelled = log(begun, ["cancelled", { reason: "budget", output: "", duration_ms: 1 }]);
    const { error } = await chatted(chat, [serving(cancelled)]);
    expect(error).toBeInstanceOf(CancelledError);
    expect(error).toMatchObject({ code: "cancelled", reason: "budget", state: { status: "cancelled" } });
  });

  test("a run that waits is no truncation, also where its pause was cut off", async () => {
    const waiting = log(begun, approval("i1"));
    const pausing: Answer = () => {
      const frames = [...waiting, paused];
      return format === "events" ? streamed([sse(frames)]) : streamed([ndjson(frames)], { type: "application/x-ndjson" });
    };
    expect((await chatted(chat, [pausing])).state).toMatchObject({ status: "waiting", approvals: [{ interrupt_id: "i1" }] });
    const run = { status: "waiting", approvals: [{ interrupt_id: "i1" }], output: null };
    const told: Answer = ({ path }) => (path.includes("/events") ? new Response(null, { status: 204 }) : Response.json(run));
    expect((await chatted(chat, [serving(waiting), told])).state).toMatchObject({ status: "waiting", approvals: [{ interrupt_id: "i1" }] });
    const { fetch } = scripted(told);
    const resumed = await resumeChat(RUN, () => undefined, { ...BASE, fetch, after: idOf(2) });
    expect(resumed).toMatchObject({ status: "waiting", approvals: [{ interrupt_id: "i1" }] });
  });

  test("a refusal is told at once, with its code and sentence", async () => {
    const { error, asked } = await chatted(chat, [() => problem(404, "unknown_chain")]);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ status: 404, code: "unknown_chain", message: "It is unknown_chain.", requestId: "r1", state: null });
    expect(asked).toHaveLength(1);
    const proxy = await chatted(chat, [() => new Response("<h1>No</h1>", { status: 403 })]);
    expect(proxy.error).toMatchObject({ status: 403, code: "http_403" });
  });

  test("an abort ends it with its reason, and nothing is told after it", async () => {
    const controller = new AbortController();
    const tokens: string[] = [];
    const { fetch, asked } = scripted(serving(ANSWER));
    const onToken = (text: string): void => {
      tokens.push(text);
      controller.abort(new Error("enough"));
    };
    await expect(chat("hi", onToken, { ...BASE, fetch, signal: controller.signal })).rejects.toThrow("enough");
    expect([tokens, asked.length]).toEqual([["Hello "], 1]);
    await expect(chat("hi", onToken, { ...BASE, fetch, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    expect(asked).toHaveLength(1);
  });

  test("what a caller's function throws is thrown, and asks for nothing again", async () => {
    for (const name of ["onRun", "onEvent"]) {
      const boom = (): never => {
        throw new RangeError("mine");
      };
      const { error, asked } = await chatted(chat, [serving(ANSWER)], { [name]: boom });
      expect([String(error), asked.length]).toEqual(["RangeError: mine", 1]);
    }
  });

  test("reads no further while a token is being taken", async () => {
    let open = (): void => undefined;
    const taken = new Promise<void>((resolve) => (open = resolve));
    const tokens: string[] = [];
    const { fetch } = scripted(serving(ANSWER));
    const chatting = chat("hi", (text) => (tokens.push(text), taken), { ...BASE, fetch });
    await vi.waitFor(() => expect(tokens).toHaveLength(1));
    open();
    await chatting;
    expect(tokens).toHaveLength(3);
  });
});

test("who comes for a run that has ended is told how", async () => {
  const run = { status: "failed", error: { code: "chain_failed", message: "It broke.", fault: "chain", retryable: false } };
  const told: Answer = ({ path }) => (path.includes("/events") ? new Response(null, { status: 204 }) : Response.json(run));
  const { fetch, asked } = scripted(told);
  const resumed = resumeChat(RUN, () => undefined, { ...BASE, fetch, after: idOf(6) });
  await expect(resumed).rejects.toMatchObject({ name: "RunError", code: "chain_failed", fault: "chain" });
  expect(asked.map(({ path }) => path)).toEqual([
    `/mounted/runs/${RUN}/events?format=events&after=${encodeURIComponent(idOf(6))}`,
    `/mounted/runs/${RUN}`,
  ]);
});

test("a run is read on after an id, or from its start", async () => {
  const { fetch } = scripted(serving(ANSWER));
  const read = async (after: string | null): Promise<string> => {
    const tokens: string[] = [];
    await resumeChat(RUN, (text) => void tokens.push(text), { ...BASE, fetch, after });
    return tokens.join("");
  };
  expect([await read(null), await read(idOf(2)), await read("1.3")]).toEqual([TEXT, "wörld, 👩‍🚀", "👩‍🚀"]);
});

describe("patience", () => {
  const delaysOf = async (answers: readonly [Answer, ...Answer[]], options: ChatOptions = {}) => {
    vi.useFakeTimers();
    vi.spyOn(Math, "random").mockReturnValue(0.5); // in the middle of what it may be
    const delays: number[] = [];
    const chatting = chatted(streamChatSSE, answers, { firstDelay: 100, ...options, onReconnect: (_, delay) => delays.push(delay) });
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    return { delays, ...(await chatting) };
  };
  const unreachable: Answer = () => Promise.reject(new TypeError("fetch failed"));

  test("pauses double up to the longest, then it is given up", async () => {
    const { delays, error } = await delaysOf([unreachable], { retries: 6, longestDelay: 1_000 });
    expect(delays).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(error).toBeInstanceOf(UnreachableError);
    expect((error as Error).cause).toBeInstanceOf(TypeError);
  });

  test("what the service says by retry: is the pause, in a stream and in an answer that is nothing else", async () => {
    const comeBack: Answer = () => streamed(["retry: 3000\n\n"]);
    const { delays, state } = await delaysOf([() => streamed([`retry: 700\n\n${sse(ANSWER.slice(0, 2))}`]), comeBack, serving(ANSWER)]);
    expect(delays).toEqual([700, 6_000]);
    expect(state?.content).toBe(TEXT);
  });

  test("Retry-After is waited for, unless it is longer than one would wait", async () => {
    const busy: Answer = () => problem(503, "draining", { "Retry-After": "4" });
    expect((await delaysOf([busy, serving(ANSWER)])).delays).toEqual([4_000]);
    const limited = await delaysOf([() => problem(429, "rate_limited", { "Retry-After": "60" }), serving(ANSWER)]);
    expect(limited.delays).toEqual([]);
    expect(limited.error).toMatchObject({ code: "rate_limited", retryAfter: 60_000 });
  });

  test("a connection that is silent for two and a half pings is dead, and one that pings is not", async () => {
    const silent: Answer = (_, signal) => streamed([OPENING + sse(ANSWER.slice(0, 2))], { end: "silent", signal });
    const { delays, state } = await delaysOf([silent, serving(ANSWER)]);
    expect([delays.length, state?.content]).toEqual([1, TEXT]);
    const late: Answer = (_, signal) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    expect((await delaysOf([late, serving(ANSWER)])).state?.content).toBe(TEXT);
    let pings = 0;
    const pinging: Answer = () => {
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 15_000));
          const text = ++pings < 10 ? "event: ping\ndata: {}\n\n" : sse(ANSWER);
          controller.enqueue(new TextEncoder().encode(text));
        },
      });
      return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
    };
    expect(await delaysOf([pinging])).toMatchObject({ delays: [], state: { content: TEXT } });
  });
});

test("without a page an address is needed", async () => {
  await expect(streamChat("hi", () => undefined)).rejects.toThrow(TypeError);
});

test("headers may be made anew for each request", async () => {
  let count = 0;
  const { asked } = await chatted(streamChatSSE, [serving(ANSWER, [200])], {
    headers: () => Promise.resolve({ Authorization: `Bearer ${++count}` }),
  });
  expect(asked.map(({ headers }) => headers["Authorization"])).toEqual(["Bearer 1", "Bearer 2"]);
});
