/**
 * Pure: what of a run's parts is superseded, since the model that wrote it failed and another one goes on.
 *
 * Part: {kind: "restart", model, nextModel, code}: it stands between what was superseded and what takes its place.
 */

/** The parts once another model goes on: what the message wrote counts no more, and its calls will not run. */
export function restarted(parts, { message_id: id, model, next_model: nextModel, code }) {
  return [...parts.map((part) => withdrawn(part, id)), { kind: "restart", model, nextModel, code }];
}

function withdrawn(part, id) {
  if (part.kind === "tools") return withoutCalls(part, id);
  return part.messageId === id ? { ...part, superseded: true } : part;
}

function withoutCalls(part, id) {
  const isMeant = ({ messageId, status }) => messageId === id && status === "called";
  if (!part.tools.some(isMeant)) return part;
  return { ...part, tools: part.tools.map((tool) => (isMeant(tool) ? { ...tool, status: "superseded" } : tool)) };
}
