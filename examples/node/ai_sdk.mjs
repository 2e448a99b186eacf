/**
 * The AI SDK without a page: its own transport and its own messages, from a program.
 *
 *     make run                                     # in the repository, in another terminal
 *     npm install --prefix examples/node
 *     node examples/node/ai_sdk.mjs "What is 37*43, and what time is it in Tokyo?"
 *
 * A React page uses useChat with the same transport: docs/ai-sdk.md has one. CHAINSTREAM_URL and CHAINSTREAM_KEY say
 * where the service is and who asks.
 */

import { DefaultChatTransport, readUIMessageStream } from "ai";

import { resuming } from "./resuming.mjs";
import { asked, fail, line, write } from "./screen.mjs";

const question = process.argv.slice(2).join(" ") || "What is 37*43, and what time is it in Tokyo?";

const transport = new DefaultChatTransport({
  api: `${asked.service}/ai-sdk/agent`,
  headers: asked.headers,
  fetch: resuming((frame) => frame.endsWith("data: [DONE]\n\n")),
});

/** Each state of the message has all of it so far; what is new of it is printed. */
function printer() {
  const shown = new Map();
  const isNew = (at, state) => shown.get(at) !== state && shown.set(at, state);
  return ({ parts }) => {
    for (const [at, part] of parts.entries()) {
      if (part.type === "text") {
        write(part.text.slice(shown.get(at) ?? 0));
        shown.set(at, part.text.length);
      } else if (part.type === "dynamic-tool" && isNew(at, part.state)) {
        if (part.state === "input-available") line(`→ ${part.toolName} ${JSON.stringify(part.input)}`);
        if (part.state === "output-available") line(`← ${part.toolName} ${part.output}`);
        if (part.state === "output-error") line(`✗ ${part.toolName} ${part.errorText}`);
      }
    }
  };
}

async function main() {
  const messages = [{ id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text: question }] }];
  const stream = await transport.sendMessages({ chatId: crypto.randomUUID(), messages, trigger: "submit-message" });
  const print = printer();
  let answer;
  for await (answer of readUIMessageStream({ stream, terminateOnError: true })) print(answer);
  const { status, cancelReason, usage, ttftMs, durationMs } = answer?.metadata ?? {};
  if (status !== "succeeded") throw new Error(`The run is ${status ?? "cut off"}${cancelReason ? `: ${cancelReason}` : ""}.`);
  line(`— ${usage.outputTokens} tokens, the first after ${ttftMs} ms, all in ${durationMs} ms`);
}

await main().catch(fail);
