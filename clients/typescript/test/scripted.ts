/** A service of one run whose log is given: its bytes in each format, and a fetch that cuts them where a test says. */

import type { EventData } from "../src/events.js";

export const RUN = "01m7ygjx2s21ccc2xxsq49fvwm";

/** A frame as the wire has it. */
export interface Framed {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string | undefined;
}

export interface Logged extends Framed {
  readonly id: string;
}

type Told = { [Name in keyof EventData]: readonly [Name, Partial<EventData[Name]>] }[keyof EventData];

/** A log: each event under the next number. */
export function log(...told: readonly Told[]): Logged[] {
  return told.map(([event, data], at) => ({ event, data: { t: at, ...data }, id: idOf(at + 1) }));
}

export function idOf(seq: number | string, attempt = 1): string {
  return `${RUN}.${attempt}.${seq}`;
}

export const begun: Told = ["run", { run_id: RUN, protocol: 1, chain: "chat", attempt: 1 }];

export function token(text: string, message_id = "m1", channel: "answer" | "inner" = "answer"): Told {
  return ["token", { message_id, step: null, channel, text }];
}

export function messageEnd(message_id = "m1"): Told {
  return ["message_end", { message_id, finish_reason: "stop" }];
}

export function approval(interrupt_id: string): Told {
  return ["approval", { interrupt_id, value: "Really?", requests: [] }];
}

export const paused: Framed = { event: "paused", data: { interrupt_ids: ["i1", "i2"] } };

export const USAGE = { input_tokens: 1, output_tokens: 2, total_tokens: 3, cached_tokens: 0, reasoning_tokens: 0, cost_usd: null };

export function done(output: unknown = "all of it"): Told {
  return ["done", { output, finish_reason: "stop", usage: USAGE, ttft_ms: 1, duration_ms: 9 }];
}

export function sse(frames: readonly Framed[]): string {
  return frames
    .map(({ id, event, data }) => `${id ? `id: ${id}\n` : ""}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    .join("");
}

export function ndjson(frames: readonly Framed[]): string {
  return frames.map((frame) => `${JSON.stringify(frame)}\n`).join("");
}

export const OPENING = `retry: 0\nid: ${RUN}.0.0\n\n`;

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

export type Answer = (asked: Asked, signal: AbortSignal | null) => Response | Promise<Response>;

/** A fetch that answers by these functions in turn, the last of them ever after; `asked` is what it was asked. */
export function scripted(...answers: readonly [Answer, ...Answer[]]): { fetch: typeof fetch; asked: Asked[] } {
  const left = [...answers];
  const asked: Asked[] = [];
  const answering: typeof fetch = async (url, init = {}) => {
    const { pathname, search } = new URL(String(url));
    const body = typeof init.body === "string" ? (JSON.parse(init.body) as unknown) : undefined;
    const headers = init.headers as Record<string, string>;
    asked.push({ method: init.method ?? "GET", path: pathname + search, headers, body });
    init.signal?.throwIfAborted();
    const answer = (left.length > 1 ? left.shift() : left[0]) as Answer;
    const last = asked.at(-1) as Asked;
    return answer(last, init.signal ?? null);
  };
  return { fetch: answering, asked };
}

/** A stream of these chunks, which then ends cleanly, breaks, or stays silent until it is aborted. */
export function streamed(
  chunks: readonly (string | Uint8Array)[],
  { end = "clean", signal = null, type = "text/event-stream" }: {
    end?: "clean" | "broken" | "silent";
    signal?: AbortSignal | null;
    type?: string;
  } = {},
): Response {
  const encoder = new TextEncoder();
  const left = chunks.map((chunk) => (typeof chunk === "string" ? encoder.encode(chunk) : chunk));
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      signal?.addEventListener("abort", () => controller.error(signal.reason));
    },
    pull(controller) {
      const chunk = left.shift();
      if (chunk) controller.enqueue(chunk);
      else if (end === "clean") controller.close();
      else if (end === "broken") controller.error(new TypeError("terminated"));
      else return new Promise<void>(() => undefined);
      return undefined;
    },
  });
  return new Response(body, { headers: { "Content-Type": type, "X-Run-ID": RUN } });
}

/** Answers with the run from the cursor on, the first answers cut after so many bytes. */
export function serving(events: readonly Logged[], cuts: number[] = [], end: "clean" | "broken" = "clean"): Answer {
  return ({ path }) => {
    const query = new URLSearchParams(path.split("?")[1]);
    const after = Number(query.get("after")?.split(".")[2] ?? 0);
    if (after === events.length) return new Response(null, { status: 204 });
    const isSSE = query.get("format") === "events";
    const rest = events.slice(after);
    const bytes = new TextEncoder().encode(isSSE ? OPENING + sse(rest) : ndjson(rest));
    const cut = cuts.shift();
    const type = isSSE ? "text/event-stream" : "application/x-ndjson";
    return streamed([cut === undefined ? bytes : bytes.slice(0, cut)], { type, end: cut === undefined ? "clean" : end });
  };
}

export function problem(status: number, code: string, headers: Record<string, string> = {}): Response {
  const body = { type: "about:blank", title: "", status, code, detail: `It is ${code}.`, request_id: "r1" };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}
