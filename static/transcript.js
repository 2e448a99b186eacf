/**
 * Pure: a run's events, one by one, to the state that a page shows.
 *
 * A state is never changed: what an event touches is a new object and the rest is shared, so a view sees by
 * identity what it has to draw. `parts` are in the order of the events. `epoch` changes where everything shown so far
 * no longer holds. `status` is starting, running, waiting or how the run ended.
 *
 * Part: texts.js's | outputs.js's | restarts.js's | {kind: "tools", tools} | {kind: "sources", items} | approvals.js's
 * Tool: {id, messageId, name, status, args, input, progress, output, truncated, size, error, durationMs}; status is
 * called, running, succeeded or failed, as in the service's own snapshots, or rejected, or superseded.
 */

import { asked, closed, goneOn } from "./approvals.js";
import { figuresOf } from "./figures.js";
import { NEW_METER, messageFigures, metered, runFigures } from "./meter.js";
import { partialOutput, wholeOutput } from "./outputs.js";
import { restarted } from "./restarts.js";
import { completed, newText, thought, thoughtOver, written } from "./texts.js";

export const NEW_RUN = Object.freeze({
  status: "starting",
  runId: null,
  chain: null,
  model: null,
  parts: [],
  epoch: 0,
  meter: NEW_METER,
  end: null,
});

const REDUCERS = {
  run: (run, data) => ({ ...run, status: "running", runId: data.run_id, chain: data.chain, model: data.model }),
  token: (run, data) => withParts(run, written(run.parts, data)),
  reasoning: (run, data) => withParts(run, thought(run.parts, data)),
  message_end: (run, { message_id: id, t }) => withParts(run, completed(run.parts, t, id)),
  usage: (run, { message_id: id }) => withFigures(run, id),
  restart: (run, data) => withParts(run, restarted(run.parts, data)),
  partial: (run, { value }) => withParts(run, partialOutput(run.parts, value)),
  tool_call: (run, data) =>
    withTool(withParts(run, thoughtOver(run.parts, data)), data, (tool) => ({ args: tool.args + data.args_delta })),
  tool_start: (run, data) => withTool(run, data, () => ({ status: "running", input: data.input })),
  tool_progress: (run, data) => withTool(run, { ...data, name: undefined }, () => ({ progress: data.data })),
  tool_end: (run, data) =>
    withTool(run, data, () => ({
      status: "succeeded",
      output: data.output,
      truncated: data.truncated ?? false,
      size: data.size ?? null,
      durationMs: data.duration_ms,
    })),
  tool_error: (run, data) =>
    withTool(run, data, () => ({
      status: failure(data.code),
      error: { code: data.code, message: data.message },
      durationMs: data.duration_ms,
    })),
  sources: (run, data) => withPart(run, run.parts.length, { kind: "sources", items: data.items }),
  approval: asked,
  done: (run, data) => ended(withParts(run, wholeOutput(run.parts, data.output)), "succeeded", data),
  error: (run, data) => ended(run, "failed", data),
  cancelled: (run, data) => ended(run, "cancelled", data),
};

/** The events that a waiting run can have without anybody's decision. */
const UNDECIDED = new Set(["approval", "error", "cancelled"]);

/** The events that change a state; clients ignore all others. */
export const NAMES = Object.keys(REDUCERS);

export function reduce(run, name, data) {
  if (!Object.hasOwn(REDUCERS, name)) return run;
  const going = UNDECIDED.has(name) ? run : goneOn(run);
  return REDUCERS[name]({ ...going, meter: metered(going.meter, name, data) }, data);
}

/** The state of a run whose events so far cannot be had, from the service's snapshot of it. */
export function fromSnapshot(run, { messages, tools, approvals = [] }) {
  const texts = messages.map(newText);
  const cards = { kind: "tools", tools: tools.map(toolFromSnapshot) };
  // A snapshot does not tell where tools stood among the texts: those that have ended come before the last text,
  // as in an agent's answer, and those that have not come after it.
  const going = cards.tools.some(({ status }) => status === "called" || status === "running");
  if (tools.length) texts.splice(going ? texts.length : Math.max(0, texts.length - 1), 0, cards);
  const epoch = run.epoch + 1;
  return approvals.reduce(asked, { ...run, status: "running", parts: texts, epoch, meter: null, end: null });
}

/** The state of a run that could not be started, or is not to be had any more. */
export function refused(run, { code, detail }) {
  return ended(run, "failed", { code, message: detail });
}

function ended(run, status, data) {
  const settled = closed(run);
  return {
    ...settled,
    status,
    parts: completed(settled.parts, data.t),
    end: {
      code: data.code ?? null,
      message: data.message ?? null,
      reason: data.reason ?? null,
      usage: data.usage ?? null,
      ttftMs: data.ttft_ms ?? null,
      durationMs: data.duration_ms ?? null,
      ...runFigures(run.meter, data.usage),
    },
  };
}

function withParts(run, parts) {
  return { ...run, parts };
}

/** To the last text of a message, what it cost. */
function withFigures(run, id) {
  const at = run.parts.findLastIndex(({ channel, messageId }) => channel === "answer" && messageId === id);
  const figures = messageFigures(run.meter, id);
  return at < 0 || !figures ? run : withPart(run, at, { ...run.parts[at], figures: figuresOf(figures) });
}

function withPart(run, at, part) {
  const parts = run.parts.slice();
  parts[at] = part;
  return { ...run, parts };
}

function withTool(run, { tool_call_id: id, message_id: messageId = null, name = "" }, change) {
  const [at, index] = toolAt(run.parts, id) ?? newToolAt(run.parts, messageId);
  const tools = at < run.parts.length ? run.parts[at].tools.slice() : [];
  const tool = tools[index] ?? newTool(id, messageId);
  tools[index] = { ...tool, name: name || tool.name, ...change(tool) };
  return withPart(run, at, { kind: "tools", tools });
}

function toolAt(parts, id) {
  for (let at = parts.length - 1; at >= 0; at--) {
    const isMeant = (tool) => tool.id === id && tool.status !== "superseded";
    const index = parts[at].kind === "tools" ? parts[at].tools.findIndex(isMeant) : -1;
    if (index >= 0) return [at, index];
  }
  return null;
}

/** A new card: beside the last ones if the same message called them or one of them still goes on, else below. */
function newToolAt(parts, messageId) {
  const last = parts.at(-1);
  const beside = ({ messageId: other, status }) =>
    (messageId !== null && other === messageId) || status === "called" || status === "running";
  if (last?.kind === "tools" && last.tools.some(beside)) return [parts.length - 1, last.tools.length];
  return [parts.length, 0];
}

function newTool(id, messageId) {
  return {
    id,
    messageId,
    name: "",
    status: "called",
    args: "",
    input: undefined,
    progress: undefined,
    output: undefined,
    truncated: false,
    size: null,
    error: null,
    durationMs: null,
  };
}

/** What a person did not want is no failure. */
function failure(code) {
  return code === "rejected" ? "rejected" : "failed";
}

function toolFromSnapshot(tool) {
  const { tool_call_id: id, name, args = "", input, output, error = null, duration_ms: durationMs = null } = tool;
  const status = tool.status === "failed" ? failure(error?.code) : tool.status;
  return { ...newTool(id, null), name, status, args, input, output, error, durationMs };
}
