// The AI SDK's own client, `useChat` of @ai-sdk/react and the transport of `ai`, against /ai-sdk.

import assert from "node:assert/strict";

import {
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  readUIMessageStream,
} from "ai";

import { base, fresh, json, openGate, post, runAll, test } from "./cases.mjs";
import { MountedChat, textOf, toolsOf } from "./mounted-chat.mjs";

const numbered = (count) => Array.from({ length: count }, (_, at) => `run:${at + 1}; `).join("");
const plain = (value) => JSON.parse(JSON.stringify(value));

const transport = (chain, options) => new DefaultChatTransport({ api: `${base}/ai-sdk/${chain}`, ...options });

const mounted = (chain, { id = fresh("chat"), ...options } = {}, onMount) =>
  new MountedChat({ id, transport: transport(chain), ...options }, onMount).mounted();

const storedOf = (chain, id) => json(`/ai-sdk/${chain}/${id}/messages`);
const runsOf = async (id) => (await json(`/runs?thread_id=${id}`)).items;

async function asked(chain, text, options) {
  const page = await mounted(chain, options);
  page.chat.sendMessage({ text });
  await page.ended();
  return page;
}

/** Each state of the answer's message, without a page. */
async function read(chain, chatId, text) {
  const messages = [{ id: "m", role: "user", parts: [{ type: "text", text }] }];
  const stream = await transport(chain).sendMessages({ chatId, messages, trigger: "submit-message" });
  return readUIMessageStream({ stream, terminateOnError: true });
}

/** A fetch whose answer breaks off after so many bytes, the first time: cleanly, or as a connection does. */
function cutting(bytes, clean) {
  let cut = false;
  return async (...request) => {
    const response = await fetch(...request);
    if (cut || !response.body) return response;
    cut = true;
    let left = bytes;
    const body = response.body.pipeThrough(
      new TransformStream({
        transform(chunk, controller) {
          controller.enqueue(chunk.subarray(0, left));
          left -= chunk.length;
          if (left > 0) return;
          if (clean) controller.terminate();
          else controller.error(new TypeError("network error"));
        },
      }),
    );
    return new Response(body, response);
  };
}

test("an answer comes as text, with its end, its usage and its run in the metadata", async () => {
  const id = fresh("chat");
  const page = await asked("numbered", "tokens=5", { id });
  assert.equal(page.text, numbered(5));
  assert.deepEqual(page.finished, [
    { isAbort: false, isDisconnect: false, isError: false, finishReason: "stop" },
  ]);
  const { metadata } = page.answer;
  const { inputTokens, outputTokens, totalTokens } = metadata.usage;
  assert.deepEqual([inputTokens, outputTokens, totalTokens], [3, 7, 10]);
  assert.deepEqual([metadata.status, metadata.threadId, metadata.chain], ["succeeded", id, "numbered"]);
  const [run] = await runsOf(id);
  assert.deepEqual([page.answer.id, metadata.runId], [run.run_id, run.run_id]);
  page.close();
});

test("reasoning, two calls at once with inputs as they stream, an output and an error", async () => {
  const id = fresh("chat");
  const page = await asked("piecewise", "go", { id });
  const [thought] = page.answer.parts.filter((part) => part.type === "reasoning");
  assert.deepEqual([thought.text, thought.state], ["Two things at once.", "done"]);
  const [sum, refused] = toolsOf(page.answer);
  assert.deepEqual([sum.toolName, sum.state, sum.input, sum.output], ["add", "output-available", { a: 2, b: 3 }, "5"]);
  assert.deepEqual([refused.toolName, refused.state], ["refuse", "output-error"]);
  assert.match(refused.errorText, /no hut here/);
  assert.equal(page.answer.parts.filter((part) => part.type === "step-start").length, 2);
  assert.match(page.text, /^Let me see\. They said: .*5/);
  assert.deepEqual(page.answer.metadata.usage.totalTokens, 20);
  const progress = page.answer.parts.find((part) => part.type === "data-tool-progress");
  assert.deepEqual(progress.data, { tool_call_id: "call_0", name: "progress", data: { done: 1 } });
  assert.ok(page.data.some((part) => part.type === "data-step" && part.data.name === "tools"));
  assert.ok(!page.answer.parts.some((part) => part.type === "data-step"));
  page.close();
});

test("the inputs of calls grow while they are written", async () => {
  const inputs = [];
  for await (const message of await read("piecewise", fresh("chat"), "go")) {
    const calls = toolsOf(message).filter((part) => part.state === "input-streaming");
    inputs.push(...calls.map((part) => JSON.stringify(part.input)));
  }
  assert.ok(inputs.includes('{"a":2}') && inputs.includes('{"word":"h"}'), inputs.join());
});

test("what is kept of a chat is what its client has", async () => {
  for (const [chain, text] of [["piecewise", "go"], ["researching", "books"], ["numbered", "tokens=3 fail=2"]]) {
    const id = fresh("chat");
    const page = await asked(chain, text, { id });
    const { messages } = await storedOf(chain, id);
    assert.deepEqual(messages[1], plain(page.answer));
    assert.equal(messages[0].id, page.messages[0].id);
    assert.equal(textOf(messages[0]), text);
    page.close();
  }
});

test("sources are parts, links as such, and custom events are data", async () => {
  const page = await asked("researching", "books");
  const [link, paper] = page.answer.parts.filter((part) => part.type.startsWith("source-"));
  assert.deepEqual([link.type, link.url, link.title], ["source-url", "https://example.com/one", "One"]);
  assert.deepEqual([paper.type, paper.sourceId, paper.title], ["source-document", "d2", "Two"]);
  assert.equal(paper.providerMetadata.chainstream.snippet, "On paper.");
  const custom = page.answer.parts.find((part) => part.type === "data-custom");
  assert.deepEqual(custom.data, { name: "noted", data: { count: 2 } });
  assert.equal(page.text, "Read 2.");
  page.close();
});

test("a chain that is not there is an error before the stream, with what is wrong", async () => {
  const page = await asked("nonsense", "hi");
  assert.equal(page.chat.status, "error");
  assert.equal(page.finished[0].isError, true);
  assert.equal(JSON.parse(page.chat.error.message).code, "unknown_chain");
  page.close();
});

test("so is a request that cannot be done", async () => {
  const page = await mounted("numbered");
  page.chat.sendMessage({ text: "look", files: [{ type: "file", mediaType: "image/png", url: "ftp://x/y.png" }] });
  await page.ended();
  assert.equal(JSON.parse(page.chat.error.message).code, "bad_file");
  page.close();
});

test("a failure inside the stream is an error, and what was said before stays", async () => {
  const page = await asked("numbered", "tokens=9 fail=4");
  assert.equal(page.chat.status, "error");
  assert.equal(page.text, numbered(3));
  assert.equal(page.answer.parts.at(-1).state, "done");
  assert.equal(page.answer.metadata.status, "failed");
  assert.ok(page.answer.metadata.error.code);
  assert.ok(!page.chat.error.message.includes("secret-canary"));
  page.close();
});

test("answers to all approvals go to the run that waits, which goes on in the same message", async () => {
  const id = fresh("chat");
  const page = await mounted("two_mails", {
    id,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  page.chat.sendMessage({ text: "go" });
  await page.ended(1);
  assert.equal(page.finished[0].finishReason, "tool-calls");
  const [first, second, unasked] = toolsOf(page.answer);
  assert.deepEqual([first.state, second.state], ["approval-requested", "approval-requested"]);
  assert.equal(unasked.approval.isAutomatic, true);
  assert.deepEqual(first.approval.descriptor.allowed, ["approve", "edit", "reject", "respond"]);
  page.chat.addToolApprovalResponse({ id: first.approval.id, approved: true });
  page.chat.addToolApprovalResponse({ id: second.approval.id, approved: false, reason: "not bob" });
  await page.ended(2);
  const states = toolsOf(page.answer).map((part) => part.state);
  assert.deepEqual(states, ["output-available", "output-denied", "output-available"]);
  assert.equal(toolsOf(page.answer)[1].approval.reason, "not bob");
  assert.equal(page.text, "All done. ");
  assert.equal(page.messages.length, 2);
  assert.equal(page.answer.metadata.status, "succeeded");
  assert.equal((await runsOf(id)).length, 1);
  page.close();
});

test("a chat that waits is loaded, answered, and goes on", async () => {
  const id = fresh("chat");
  (await asked("booker", "go", { id })).close();
  const kept = await storedOf("booker", id);
  const page = await mounted("booker", {
    ...kept,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  await page.chat.stop(); // as the page's second mounting has begun to; until then nothing is sent by itself
  const [booking] = toolsOf(page.answer);
  assert.deepEqual([booking.state, booking.approval.descriptor.value], ["approval-requested", "Book Ritz?"]);
  page.chat.addToolApprovalResponse({ id: booking.approval.id, approved: true });
  await page.ended();
  assert.equal(toolsOf(page.answer)[0].output, "booked Ritz");
  assert.equal(page.text, "All done. ");
  const again = (await storedOf("booker", id)).messages;
  assert.deepEqual(again[1].parts, plain(page.answer.parts));
  page.close();
});

test("a question outside of any tool is a call of its own, and a reason is what the person says", async () => {
  const page = await mounted("confirming", {
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
  });
  page.chat.sendMessage({ text: "paint it" });
  await page.ended(1);
  const [question] = toolsOf(page.answer);
  assert.deepEqual([question.toolName, question.input], ["question", "Which colour?"]);
  page.chat.addToolApprovalResponse({ id: question.approval.id, approved: true, reason: "blue" });
  await page.ended(2);
  assert.equal(page.text, "You said blue.");
  assert.equal(toolsOf(page.answer)[0].state, "output-available");
  page.close();
});

test("a question that a new message passes over is no longer asked", async () => {
  const id = fresh("chat");
  const page = await asked("booker", "go", { id });
  page.chat.sendMessage({ text: "never mind, go" });
  await page.ended(2);
  assert.equal(page.messages.length, 4);
  const [latest, first] = await runsOf(id);
  assert.deepEqual([latest.status, first.status], ["waiting", "cancelled"]);
  page.close();
});

test("the tools of the service are not the client's to run or to answer", async () => {
  const called = [];
  const page = await asked("piecewise", "go", {
    onToolCall: ({ toolCall }) => called.push(toolCall),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
  });
  assert.deepEqual([called, page.finished.length], [[], 1]);
  page.close();
});

test("stop only leaves, the run goes on, and who comes back has the same as who stayed", async () => {
  const [id, gate] = [fresh("chat"), fresh("gate")];
  const page = await mounted("numbered", { id });
  page.chat.sendMessage({ text: `tokens=20 hold=8 gate=${gate}` });
  await page.until(() => page.text === numbered(7));
  await page.chat.stop();
  await page.ended();
  assert.deepEqual([page.finished[0].isAbort, page.chat.status], [true, "ready"]);
  assert.equal((await runsOf(id))[0].status, "running");
  page.chat.resumeStream();
  await page.until(() => page.chat.status === "streaming" && page.text === numbered(7));
  await openGate(gate);
  await page.ended(2);
  assert.equal(page.text, numbered(20));
  assert.deepEqual(plain(page.answer), (await storedOf("numbered", id)).messages[1]);
  assert.deepEqual([page.messages.length, (await runsOf(id)).length], [2, 1]);
  page.close();
});

test("a page that is loaded in mid-answer goes on with it, mounted twice as it is", async () => {
  const [id, gate] = [fresh("chat"), fresh("gate")];
  const first = await mounted("numbered", { id });
  first.chat.sendMessage({ text: `tokens=20 hold=8 gate=${gate}` });
  await first.until(() => first.text === numbered(7));
  const page = await mounted("numbered", { ...(await storedOf("numbered", id)), resume: true });
  await page.until(() => page.text === numbered(7));
  await openGate(gate);
  for (const each of [first, page]) await each.until(() => each.text === numbered(20) && each.chat.status === "ready");
  assert.deepEqual(plain(page.messages), (await storedOf("numbered", id)).messages);
  assert.deepEqual(plain(page.answer), plain(first.answer));
  assert.equal((await runsOf(id)).length, 1);
  page.close();
  first.close();
});

test("where nothing goes on there is nothing to come back to", async () => {
  const page = await mounted("numbered", { resume: true });
  await page.chat.resumeStream();
  assert.deepEqual([page.chat.status, page.messages], ["ready", []]);
  const response = await fetch(`${base}/ai-sdk/numbered/${page.chat.id}/stream`);
  assert.equal(response.status, 204);
  page.close();
});

test("a page that asks when it is mounted is mounted twice and starts one run", async () => {
  const id = fresh("chat");
  const question = { id: "first", role: "user", parts: [{ type: "text", text: "tokens=4" }] };
  const page = await mounted("numbered", { id }, (chat) => chat.sendMessage(question));
  await page.until(() => page.text === numbered(4) && page.chat.status === "ready");
  assert.equal((await runsOf(id)).length, 1);
  page.close();
});

test("the same message posted twice at once is answered by one run, to both", async () => {
  const id = fresh("chat");
  const send = async () => {
    let last;
    for await (const message of await read("numbered", id, "tokens=6")) last = message;
    return last;
  };
  const [one, other] = await Promise.all([send(), send()]);
  assert.deepEqual(one, other);
  assert.deepEqual(one, await send());
  assert.equal((await runsOf(id)).length, 1);
});

test("an answer is made anew in a branch, and an edited question begins another", async () => {
  const id = fresh("chat");
  const page = await asked("recalling", "one", { id });
  page.chat.sendMessage({ text: "two" });
  await page.ended(2);
  const [second, first] = await runsOf(id);
  assert.equal(second.parent_run_id, first.run_id);
  page.chat.regenerate();
  await page.ended(3);
  const [anew] = await runsOf(id);
  assert.deepEqual([anew.parent_run_id, page.answer.id], [first.run_id, anew.run_id]);
  assert.equal(page.text, "human: one | ai: human: one | human: two");
  page.chat.sendMessage({ text: "uno", messageId: page.messages[0].id });
  await page.ended(4);
  const [edited] = await runsOf(id);
  assert.deepEqual([edited.parent_run_id, page.text], [null, "human: uno"]);
  assert.deepEqual(plain(page.messages), (await storedOf("recalling", id)).messages);
  page.close();
});

test("a client may send its last message alone, since the conversation is kept", async () => {
  const id = fresh("chat");
  const lastAlone = transport("recalling", {
    prepareSendMessagesRequest: ({ id, messages, trigger, messageId }) => ({
      body: { id, messages: messages.slice(-1), trigger, messageId },
    }),
  });
  const page = await asked("recalling", "one", { id, transport: lastAlone });
  page.chat.sendMessage({ text: "two" });
  await page.ended(2);
  assert.equal(page.text, "human: one | ai: human: one | human: two");
  page.close();
});

test("a chat that began elsewhere is told to the chain with its calls and their outputs", async () => {
  const old = await asked("piecewise", "go");
  const id = fresh("chat");
  const page = await mounted("showing", { id, messages: plain(old.messages) });
  page.chat.sendMessage({ text: "and now?" });
  await page.ended();
  const calls = "('add', {'a': 2, 'b': 3}, 'call_0'), ('refuse', {'word': 'hut'}, 'call_1')";
  assert.ok(page.text.includes(`('human', 'go'), ('ai', 'Let me see. ', ${calls}), ('tool', '5', 'call_0', 'success')`));
  assert.ok(page.text.includes("'call_1', 'error')"));
  assert.ok(page.text.endsWith("('human', 'and now?')]"));
  const kept = (await storedOf("showing", id)).messages;
  assert.deepEqual(kept.map((message) => message.id), page.messages.map((message) => message.id));
  assert.deepEqual(toolsOf(kept[1]).map((part) => part.state), ["output-available", "output-error"]);
  page.chat.sendMessage({ text: "again" });
  await page.ended(2);
  assert.ok(page.text.startsWith("[('human', 'go')"));
  page.close();
  old.close();
});

test("files are blocks of content", async () => {
  const page = await mounted("showing");
  const picture = { type: "file", mediaType: "image/png", url: "data:image/png;base64,iVBORw0KGgo=" };
  page.chat.sendMessage({ text: "look", files: [picture] });
  await page.ended();
  assert.ok(page.text.includes("{'type': 'image', 'mime_type': 'image/png', 'base64': 'iVBORw0KGgo='}"));
  assert.ok(page.text.includes("{'type': 'text', 'text': 'look'}"));
  page.close();
});

test("a run that is cancelled is an interrupted message, after which nothing is sent by itself", async () => {
  const gate = fresh("gate");
  const page = await mounted("numbered", { sendAutomaticallyWhen: () => true });
  page.chat.sendMessage({ text: `tokens=20 hold=8 gate=${gate}` });
  await page.until(() => page.text === numbered(7));
  await post(`/runs/${page.answer.id}/cancel`);
  await page.ended();
  assert.deepEqual([page.finished.length, page.finished[0].finishReason], [1, "interrupted"]);
  assert.equal(page.text, numbered(7));
  assert.deepEqual([page.answer.metadata.status, page.answer.metadata.cancelReason], ["cancelled", "user"]);
  page.close();
});

test("a message that is sent while another is answered takes its place", async () => {
  const [id, gate] = [fresh("chat"), fresh("gate")];
  const page = await mounted("numbered", { id });
  page.chat.sendMessage({ text: `tokens=20 hold=8 gate=${gate}` });
  await page.until(() => page.text === numbered(7));
  await page.chat.stop();
  page.chat.sendMessage({ text: "tokens=2" });
  await page.ended(2);
  assert.equal(page.text, numbered(2));
  const [second, first] = await runsOf(id);
  assert.deepEqual([second.status, first.status, second.parent_run_id], ["succeeded", "cancelled", first.run_id]);
  page.close();
});

test("a stream that was cut cleanly is made whole by the recipe of the document", async () => {
  for (const held of [false, true]) {
    const [id, gate] = [fresh("chat"), fresh("gate")];
    let broken;
    const page = await mounted("numbered", {
      id,
      transport: transport("numbered", { fetch: cutting(700, true) }),
      onFinish: async ({ finishReason, isAbort, isError }) => {
        if (finishReason !== undefined || isAbort || isError) return;
        broken = page.text;
        const show = async () => page.chat.setMessages((await storedOf("numbered", id)).messages);
        await show();
        await page.chat.resumeStream();
        await show();
      },
    });
    page.chat.sendMessage({ text: held ? `tokens=9 hold=7 gate=${gate}` : "tokens=9" });
    await page.until(() => broken !== undefined);
    await openGate(gate);
    await page.until(() => page.text === numbered(9) && page.chat.status === "ready");
    assert.notEqual(broken, numbered(9));
    assert.deepEqual(plain(page.messages), (await storedOf("numbered", id)).messages);
    assert.equal((await runsOf(id)).length, 1);
    page.close();
  }
});

test("a stream that was cut cleanly passes for whole, but has no reason to have ended and still runs", async () => {
  const page = await asked("numbered", "tokens=9", { transport: transport("numbered", { fetch: cutting(900, true) }) });
  assert.equal(page.chat.status, "ready");
  assert.deepEqual(page.finished[0], { isAbort: false, isDisconnect: false, isError: false, finishReason: undefined });
  assert.equal(page.answer.metadata.status, "running");
  assert.notEqual(page.text, numbered(9));
  page.close();
});

test("a connection that broke is a disconnect, and what came after it is caught up", async () => {
  const [id, gate] = [fresh("chat"), fresh("gate")];
  const page = await asked("numbered", `tokens=9 hold=5 gate=${gate}`, {
    id,
    transport: transport("numbered", { fetch: cutting(700, false) }),
  });
  assert.deepEqual([page.chat.status, page.finished[0].isDisconnect], ["error", true]);
  page.chat.resumeStream();
  await page.until(() => page.text === numbered(4));
  await openGate(gate);
  await page.ended(2);
  assert.equal(page.text, numbered(9));
  assert.deepEqual(plain(page.answer), (await storedOf("numbered", id)).messages[1]);
  page.close();
});

await runAll();
