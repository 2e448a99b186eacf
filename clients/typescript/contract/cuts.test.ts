// What is read through a network that breaks at random bytes is what an uncut reader has.

import { expect, test } from "vitest";

import { streamChat, streamChatSSE, type ChatOptions, type ChatState, type RunEvent } from "../src/index.js";
import { CUTS, fresh, given, numbered, talking, uncut } from "./service.js";

const TOKENS = 60;
const CHAIN = "numbered_agent";
const patient = { firstDelay: 1, longestDelay: 1, retries: 200 } as const;

/** A prompt that no other run has: what comes twice would be seen in the ledger of model calls. */
const prompt = (): string => `tokens=${TOKENS} tool=gated twice=1 ${fresh()}`;

/** Chats until there were so many cuts. */
async function untilCut(chat: (onReconnect: () => void) => Promise<void>): Promise<void> {
  let cuts = 0;
  while (cuts < CUTS) await chat(() => cuts++);
}

async function read(stream: typeof streamChat, wire: string): Promise<void> {
  await untilCut(async (onReconnect) => {
    const tokens: string[] = [];
    const events: RunEvent[] = [];
    const options: ChatOptions = {
      baseUrl: given(wire),
      run: { chain: CHAIN },
      onReconnect,
      onEvent: (event) => events.push(event),
      ...patient,
    };
    const state = await stream(prompt(), (text) => void tokens.push(text), options);
    const whole = await uncut(state.runId ?? "");
    expect(tokens.join("")).toBe(numbered(TOKENS));
    expect(events).toEqual(whole.events);
    expect(state).toEqual(whole.state);
  });
}

test("lines of JSON that are cut at random bytes lose and repeat nothing", () => read(streamChat, "LINES_WIRE"));

test("Server-Sent Events that are cut at random bytes lose and repeat nothing", () => read(streamChatSSE, "SSE_WIRE"));

test("a WebSocket that is cut at random bytes loses and repeats nothing", async () => {
  await untilCut(async (onReconnect) => {
    const { chat, tokens, end } = talking(given("SOCKET_WIRE"), { onReconnect, ...patient });
    chat.send(prompt(), { chain: CHAIN });
    const { state, error } = await end();
    chat.close();
    const whole = (await uncut(state.runId ?? "")).state;
    expect(error).toBeNull();
    expect(tokens.join("")).toBe(numbered(TOKENS));
    const { content, toolCalls, output, usage, status }: ChatState = state;
    expect({ content, toolCalls, output, usage, status }).toEqual({
      content: whole.content,
      toolCalls: whole.toolCalls,
      output: whole.output,
      usage: whole.usage,
      status: whole.status,
    });
  });
});
