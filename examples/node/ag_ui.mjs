/**
 * A conversation by AG-UI's own client: each argument is a turn of one thread.
 *
 *     make run                                     # in the repository, in another terminal
 *     npm install --prefix examples/node
 *     node examples/node/ag_ui.mjs "What is 37*43?" "Convert 26.2 miles to kilometres"
 *
 * docs/ag-ui.md has one that also answers what agents ask. CHAINSTREAM_URL and CHAINSTREAM_KEY say where the service is
 * and who asks.
 */

import { HttpAgent } from "@ag-ui/client";

import { resuming } from "./resuming.mjs";
import { asked, endLine, fail, line, write } from "./screen.mjs";

const turns = process.argv.length > 2 ? process.argv.slice(2) : ["What is 37*43?", "Convert 26.2 miles to kilometres"];

const agent = new HttpAgent({
  url: `${asked.service}/ag-ui/agent`,
  headers: asked.headers,
  fetch: resuming((frame) => /^data: \{"type":"RUN_(FINISHED|ERROR)"/m.test(frame)),
});

const show = {
  onTextMessageContentEvent: ({ event }) => write(event.delta),
  onTextMessageEndEvent: endLine,
  onToolCallEndEvent: ({ toolCallName, toolCallArgs }) => line(`→ ${toolCallName} ${JSON.stringify(toolCallArgs)}`),
  onToolCallResultEvent: ({ event }) => line(`← ${event.content}`),
};

/** One turn. The client resolves too where a run failed or was cut: only its last event tells. */
async function ask(content) {
  let ended = null;
  let failure = null;
  const last = {
    onRunFailed: ({ error }) => {
      failure = error;
      return { stopPropagation: true }; // else the client prints it
    },
    onRunFinishedEvent: ({ event }) => void (ended = event.outcome?.type ?? "success"),
    onRunErrorEvent: ({ event }) => void (ended = `${event.code}: ${event.message}`),
  };
  line(`> ${content}`);
  agent.messages.push({ id: crypto.randomUUID(), role: "user", content });
  await agent.runAgent({}, { ...show, ...last });
  if (failure) throw failure;
  if (ended !== "success") throw new Error(`The run ended with ${ended ?? "nothing: its stream was cut"}.`);
}

async function main() {
  for (const turn of turns) await ask(turn);
  line(`— ${agent.messages.length} messages in the thread ${agent.threadId}`);
}

await main().catch(fail);
