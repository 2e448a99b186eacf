/**
 * What @ag-ui/client makes of a service: its verifier on, as people use it.
 *
 * Reads {"base", "bodies"} from its standard input, and prints what the client told in each case as JSON.
 */

import { readFileSync } from "node:fs";
import { HttpAgent, buildResumeArray } from "@ag-ui/client";

const { base, bodies } = JSON.parse(readFileSync(0, "utf8"));

// What the client strips or cannot place it tells only there.
const complaints = [];
console.warn = (...words) => complaints.push(words.map(String).join(" "));
console.error = console.warn;

const agentOf = (chain, options = {}) => new HttpAgent({ url: `${base}/ag-ui/${chain}`, ...options });

/** One run: all events, how it ended, and what the agent has after it. */
async function told(agent, parameters = {}, hooks = {}) {
  const events = [];
  const own = { onEvent: ({ event }) => void events.push(event), ...hooks };
  const seen = { error: null, result: null };
  try {
    seen.result = (await agent.runAgent(parameters, own)).result ?? null;
  } catch (error) {
    seen.error = { message: error.message, status: error.status ?? null };
  }
  const finished = events.find(({ type }) => type === "RUN_FINISHED");
  return {
    ...seen,
    threadId: agent.threadId,
    types: events.map(({ type }) => type),
    events,
    outcome: finished?.outcome ?? null,
    usage: finished?.usage ?? null,
    messages: structuredClone(agent.messages),
    interrupts: structuredClone(agent.pendingInterrupts),
  };
}

function ask(agent, content) {
  agent.messages.push({ id: crypto.randomUUID(), role: "user", content });
  return agent;
}

const asked = (chain, content, options) => told(ask(agentOf(chain, options), content));

/** Interrupted, then answered; `answerOf` makes a response of an interrupt. */
async function answered(chain, answerOf) {
  const agent = ask(agentOf(chain), "write");
  const first = await told(agent);
  const responses = Object.fromEntries(first.interrupts.map((each) => [each.id, answerOf(each)]));
  const resume = buildResumeArray(first.interrupts, responses);
  return { first, resume, second: await told(agent, { resume }) };
}

const resolved = (payload) => ({ status: "resolved", payload });

const CASES = {
  text: () => asked("numbered", "tokens=5"),
  plain: () => asked("silent", "hello"),
  structured: () => asked("structured", "four"),
  thinking: () => asked("thinker", "look"),
  parallel: () => asked("numbered_agent", "tool=gated twice=1"),
  broken: () => asked("numbered_agent", "tool=broken"),
  failing: () => asked("numbered", "tokens=5 fail=3"),
  unknown: () => asked("nowhere", "hello"),
  refusedTools: () =>
    told(ask(agentOf("numbered"), "tokens=1"), { tools: [{ name: "paint", description: "Paints." }] }),

  approved: () => answered("mailer", () => resolved({ approved: true })),
  edited: () => answered("mailer", () => resolved({ approved: true, editedArgs: { to: "eve", body: "yo" } })),
  denied: () => answered("mailer", () => resolved({ approved: false, reason: "not now" })),
  abandoned: () => answered("mailer", () => ({ status: "cancelled" })),
  each: () => answered("per_call", () => resolved({ type: "approve" })),
  asked: () => answered("booker", () => resolved("the Savoy instead")),

  async blocked() {
    const agent = ask(agentOf("mailer"), "write");
    await told(agent);
    agent.pendingInterrupts = []; // else the client itself refuses
    return told(ask(agent, "and now?"));
  },

  async conversation() {
    const agent = ask(agentOf("recalling"), "one");
    await told(agent);
    await told(ask(agent, "two"));
    const later = structuredClone(agent.messages);
    agent.messages = agent.messages.slice(0, 2);
    const branched = await told(ask(agent, "three"));
    const reloaded = await asked("recalling", "four", { threadId: agent.threadId });
    return { later, branched, reloaded };
  },

  async ownConversation() {
    const agent = agentOf("recalling");
    agent.messages = [
      { id: "a", role: "user", content: "from" },
      { id: "b", role: "assistant", content: "elsewhere" },
    ];
    await told(ask(agent, "one"));
    return told(ask(agent, "two"));
  },

  async frontEndTool() {
    const agent = ask(agentOf("clients_tools"), "paint it");
    const tools = [{ name: "paint", description: "Paints.", parameters: { type: "object", properties: {} } }];
    let pending;
    const first = await told(agent, { tools }, { onRunFinishedEvent: (ended) => void (pending = ended.pendingToolCallIds) });
    agent.messages.push({ id: "result", role: "tool", toolCallId: pending[0], content: "painted" });
    return { first, pending, second: await told(agent, { tools }) };
  },

  async aborted() {
    const agent = ask(agentOf("numbered"), "tokens=30 hold=4 gate=ag-ui-abort");
    let count = 0;
    const seen = await told(agent, {}, {
      onTextMessageContentEvent: () => void (++count === 3 && agent.abortRun()),
    });
    return { ...seen, next: await told(ask(agent, "tokens=2")) };
  },

  async cancelled() {
    const agent = ask(agentOf("numbered"), "tokens=30 hold=4 gate=ag-ui-cancel");
    let runId;
    let count = 0;
    return told(agent, {}, {
      onRunStartedEvent: ({ event }) => void (runId = event.metadata.run_id),
      onTextMessageContentEvent: () =>
        void (++count === 3 && fetch(`${base}/runs/${runId}/cancel`, { method: "POST" })),
    });
  },

  /** What the guard in docs/ag-ui.md is for. */
  async truncated() {
    const cut = async (...request) => {
      const text = await (await fetch(...request)).text();
      return new Response(text.slice(0, text.lastIndexOf("id: ")), { headers: { "content-type": "text/event-stream" } });
    };
    return asked("numbered", "tokens=3", { fetch: cut });
  },

  /** Given bytes, whatever a run may tell. */
  async bodies() {
    const told = [];
    for (const body of bodies) {
      const headers = { "content-type": "text/event-stream" };
      const agent = agentOf("any", { fetch: async () => new Response(body, { headers }) });
      let error = null;
      await agent.runAgent({}).catch((failed) => (error = failed.message));
      const texts = agent.messages.filter(({ role, content }) => role === "assistant" && content);
      told.push({ error, texts: Object.fromEntries(texts.map(({ id, content }) => [id, content])) });
    }
    return told;
  },
};

const results = {};
for (const [name, tell] of Object.entries(CASES)) {
  complaints.length = 0;
  const said = await tell();
  results[name] = { said, complaints: [...complaints] };
}
process.stdout.write(JSON.stringify(results));
