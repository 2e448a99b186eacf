import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";

import {
  CancelledError,
  ProblemError,
  RunError,
  TruncatedError,
  UnreachableError,
  WebSocketChat,
  type ChainstreamError,
  type ChatState,
  type WebSocketChatOptions,
} from "../src/index.js";
import { begun, done, idOf, log, RUN, token } from "./scripted.js";

type Said = Record<string, unknown>;
/** What the service does with a message: what it answers, or that it closes the socket. */
type Doing = (said: Said, socket: WebSocket) => readonly object[] | void;

const ENDED = { status: "succeeded", content: "Hello wörld" };
const [RUNS, , , DONE] = log(begun, token("Hello "), token("wörld"), done()).map(({ event, data, id }) => ({
  type: event,
  ...(data as object),
  id,
})) as [object, object, object, object];
const text = (content: string, seq: number | string): object => ({ type: "text", content, id: idOf(seq) });
const WHOLE = [RUNS, text("Hello ", 2), text("wörld", 3), DONE];

let server: WebSocketServer;
let said: Said[];
let protocols: string[];
const chats: WebSocketChat[] = [];

beforeEach(async () => {
  said = [];
  protocols = [];
  server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: (asked) => [...asked][0] ?? false });
  await new Promise((resolve) => server.once("listening", resolve));
});

afterEach(() => {
  for (const chat of chats.splice(0)) chat.close();
  for (const socket of server.clients) socket.terminate();
  server.close();
});

/** The service answers its messages by these in turn, whatever socket they come by, the last of them ever after. */
function answering(...doings: readonly [Doing, ...Doing[]]): void {
  const left = [...doings];
  server.on("connection", (socket, request) => {
    protocols.push(request.headers["sec-websocket-protocol"] ?? "");
    socket.on("message", (data) => {
      const message = JSON.parse(String(data)) as Said;
      said.push(message);
      const doing = (left.length > 1 ? left.shift() : left[0]) as Doing;
      for (const answer of doing(message, socket) ?? []) socket.send(JSON.stringify(answer));
    });
  });
}

/** A chat whose ends are awaited one by one. */
function chatting(options: WebSocketChatOptions = {}, port = (server.address() as { port: number }).port) {
  const tokens: string[] = [];
  const ends: { state: ChatState; error: ChainstreamError | null }[] = [];
  let wake = (): void => undefined;
  const onDone = (state: ChatState, error: ChainstreamError | null): void => {
    ends.push({ state, error });
    wake();
  };
  const common = { WebSocket, firstDelay: 0, retries: 3 };
  const chat = new WebSocketChat(`http://127.0.0.1:${port}/ws/me`, (t) => void tokens.push(t), onDone, { ...common, ...options });
  chats.push(chat);
  const end = async () => {
    while (!ends.length) await new Promise<void>((resolve) => (wake = resolve));
    return ends.shift() as (typeof ends)[number];
  };
  return { chat, tokens, end };
}

test("a chat is told to its end, and the next one goes over the same socket", async () => {
  answering(() => WHOLE);
  const { chat, tokens, end } = chatting();
  chat.send("hi", { chain: "agent" });
  expect(await end()).toMatchObject({ state: ENDED, error: null });
  expect(tokens).toEqual(["Hello ", "wörld"]);
  chat.send("again");
  expect(await end()).toMatchObject({ state: ENDED });
  expect(protocols).toHaveLength(1);
  expect(said[0]).toMatchObject({ type: "chat", message: "hi", chain: "agent", idempotency_key: expect.any(String) });
  expect(said[1]?.["idempotency_key"]).not.toBe(said[0]?.["idempotency_key"]);
});

test("a key is shown as a subprotocol", async () => {
  answering(() => WHOLE);
  const { chat, end } = chatting({ apiKey: "cs_secret" });
  chat.send("hi");
  await end();
  expect(protocols).toEqual(["chainstream,key.cs_secret"]);
});

test("a socket that breaks is opened again, and the run goes on after the last message", async () => {
  answering(
    (_, socket) => (socket.send(JSON.stringify(RUNS)), socket.send(JSON.stringify(text("Hello ", 2))), socket.close()),
    (_, socket) => socket.terminate(),
    () => [text("Hello ", 2), text("wörld", 3), DONE], // a repeated one is dropped
  );
  const { chat, tokens, end } = chatting();
  chat.send("hi");
  expect(await end()).toMatchObject({ state: ENDED, error: null });
  expect(tokens).toEqual(["Hello ", "wörld"]);
  expect(said.slice(1)).toEqual([0, 1].map(() => ({ type: "resume", run_id: RUN, after: idOf(2) })));
});

test("a message of which a cut left a part goes on with the rest of that event", async () => {
  answering(
    (_, socket) => (socket.send(JSON.stringify(RUNS)), socket.send(JSON.stringify(text("Hello ", "4.1"))), socket.close()),
    () => [text("Hello ", "4.1"), text("wörld", "4.2"), { ...DONE, id: idOf(4) }],
  );
  const { chat, tokens, end } = chatting();
  chat.send("hi");
  await end();
  expect(tokens.join("")).toBe("Hello wörld");
});

test("a chat whose run is not known yet is sent again under its key", async () => {
  answering((_, socket) => socket.terminate(), () => WHOLE);
  const { chat, end } = chatting();
  chat.send("hi");
  expect(await end()).toMatchObject({ state: ENDED });
  expect(said[1]).toEqual(said[0]);
});

test("a run that had ended when the socket was back is told by its last message", async () => {
  answering(
    (_, socket) => (WHOLE.slice(0, 3).forEach((each) => socket.send(JSON.stringify(each))), socket.terminate()),
    () => [DONE],
  );
  const { chat, end } = chatting();
  chat.send("hi");
  expect(await end()).toMatchObject({ state: ENDED, error: null });
  chat.resume();
  expect(await end()).toMatchObject({ state: ENDED, error: null });
});

test("what cannot be resumed is truncated, and what never began unreachable", async () => {
  answering((_, socket) => (socket.send(JSON.stringify(RUNS)), socket.close()), (_, socket) => socket.close());
  const { chat, end } = chatting();
  chat.send("hi");
  const { error, state } = await end();
  expect(error).toBeInstanceOf(TruncatedError);
  expect(state).toMatchObject({ status: "running", runId: RUN, lastEventId: idOf(1) });
  const nowhere = chatting({}, 1);
  nowhere.chat.send("hi");
  expect((await nowhere.end()).error).toBeInstanceOf(UnreachableError);
});

test("a failure is the run's own", async () => {
  answering(() => [RUNS, { type: "error", error: "chain_failed", message: "It broke.", id: idOf(2) }]);
  const { chat, end } = chatting();
  chat.send("hi");
  const { error, state } = await end();
  expect(error).toBeInstanceOf(RunError);
  expect(error).toMatchObject({ code: "chain_failed", message: "It broke.", fault: null });
  expect(state.status).toBe("failed");
});

describe("a refusal", () => {
  const refused = (error: string): object => ({ type: "error", error, message: `It is ${error}.` });

  test("is told with its code, and the socket takes the next chat", async () => {
    answering(() => [refused("unknown_chain")], () => WHOLE);
    const { chat, end } = chatting();
    chat.send("hi", { chain: "none" });
    const { error } = await end();
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ code: "unknown_chain", message: "It is unknown_chain." });
    chat.send("hi");
    expect(await end()).toMatchObject({ state: ENDED });
  });

  test("that passes is waited for", async () => {
    answering(() => [refused("too_many_runs")], () => WHOLE);
    const { chat, end } = chatting();
    chat.send("hi");
    expect(await end()).toMatchObject({ state: ENDED });
  });

  test("by the socket's close is told too, unless it says to come again", async () => {
    answering((_, socket) => socket.close(1013, "too_many_streams"), (_, socket) => socket.close(4401, "wrong_key"));
    const { chat, end } = chatting();
    chat.send("hi");
    expect((await end()).error).toMatchObject({ name: "ProblemError", status: 4401, code: "wrong_key" });
    expect(said).toHaveLength(2);
  });
});

describe("a cancel", () => {
  const cancelled = { type: "cancelled", reason: "user", output: "Hello ", usage: null, duration_ms: 1, t: 3, id: idOf(3) };

  test("is sent to the run that is told, and its end is told", async () => {
    answering(() => [RUNS, text("Hello ", 2)], () => [cancelled]);
    const { chat, end, tokens } = chatting({ onRun: () => chat.cancel() });
    chat.send("hi");
    const { state, error } = await end();
    expect(error).toBeInstanceOf(CancelledError);
    expect(error).toMatchObject({ reason: "user" });
    expect(state).toMatchObject({ status: "cancelled", content: "Hello " });
    expect(said.map(({ type }) => type)).toEqual(["chat", "cancel"]);
    expect(tokens).toEqual(["Hello "]);
  });

  test("before the socket is open sends nothing at all", async () => {
    answering(() => WHOLE);
    const { chat, end } = chatting();
    chat.send("hi");
    chat.cancel();
    expect((await end()).error).toBeInstanceOf(CancelledError);
    chat.send("another");
    await end();
    expect(said.map(({ message }) => message)).toEqual(["another"]);
  });

  test("while the socket is away follows the run that it comes back to", async () => {
    answering((_, socket) => (socket.send(JSON.stringify(RUNS)), socket.close()), () => [], () => [cancelled]);
    const { chat, end } = chatting({ onReconnect: () => chat.cancel() });
    chat.send("hi");
    expect((await end()).state.status).toBe("cancelled");
    expect(said.map(({ type }) => type)).toEqual(["chat", "resume", "cancel"]);
  });

  test("that came too late changes nothing", async () => {
    answering((message) => (message["type"] === "chat" ? WHOLE : [{ type: "error", error: "not_running", message: "" }]));
    const { chat, end } = chatting({ onRun: () => chat.cancel() });
    chat.send("hi");
    expect(await end()).toMatchObject({ state: ENDED, error: null });
    chat.send("hi");
    expect(await end()).toMatchObject({ state: ENDED, error: null });
  });

  test("of a run that waits for a person is no pause", async () => {
    const waits = { type: "approval", interrupt_id: "i1", value: "?", requests: [], t: 1, id: idOf(2) };
    const paused = { type: "paused", interrupt_ids: ["i1"] };
    answering(() => [RUNS, waits, paused], () => [waits, paused], () => [cancelled]);
    const { chat, end } = chatting();
    chat.send("hi");
    expect(await end()).toMatchObject({ state: { status: "waiting", approvals: [{ interrupt_id: "i1" }] }, error: null });
    chat.cancel();
    expect((await end()).state.status).toBe("cancelled");
  });
});

test("after close nothing is told, and nothing can be sent", async () => {
  answering(() => [RUNS]);
  const { chat, tokens } = chatting({ onRun: () => chat.close() });
  const closed = new Promise((resolve) => server.on("connection", (socket) => socket.once("close", resolve)));
  chat.send("hi");
  await closed;
  expect(tokens).toEqual([]);
  expect(() => chat.send("hi")).toThrow("closed");
});

test("a second chat at the same time is a mistake", () => {
  answering(() => []);
  const { chat } = chatting();
  chat.send("hi");
  expect(() => chat.send("hi")).toThrow("A chat goes on");
});

test("what is no message of the service is a cut", async () => {
  answering((_, socket) => socket.send("<html>"), () => WHOLE);
  const { chat, end } = chatting();
  chat.send("hi");
  expect(await end()).toMatchObject({ state: ENDED, error: null });
});
