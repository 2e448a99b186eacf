/**
 * Pure: what a run's events tell of its speed, counted event by event in the run's own time.
 *
 * Spans that overlap, as of parallel tools, count once. A message's wait for its first token begins at the event
 * before it, which is nearly when its model was called.
 */

const IDLE = Object.freeze({ going: [], since: 0, ms: 0 });

export const NEW_METER = Object.freeze({ at: 0, messages: {}, writing: IDLE, tools: IDLE });

const COUNTED = {
  token: written,
  reasoning: written,
  tool_call: written,
  message_end: messageEnded,
  usage: used,
  tool_start: (meter, { t, tool_call_id: id }) => ({ ...meter, tools: begun(meter.tools, id, t) }),
  tool_end: toolEnded,
  tool_error: toolEnded,
};

/** The meter after one more event; null, as after a gap, stays so: what was not seen cannot be counted. */
export function metered(meter, name, data) {
  if (meter === null || !Number.isFinite(data.t)) return meter;
  const counted = Object.hasOwn(COUNTED, name) ? COUNTED[name](meter, data) : meter;
  return { ...counted, at: data.t };
}

/** Of one message: {ttftMs, tokensPerSecond, usage}; what is not known is null. */
export function messageFigures(meter, id) {
  const message = meter?.messages[id];
  if (!message) return null;
  const { waited, first, last, usage } = message;
  return { ttftMs: waited, tokensPerSecond: rate(usage?.output_tokens, last - first), usage };
}

/** Of the whole run: {tokensPerSecond, toolsMs}. */
export function runFigures(meter, usage) {
  if (meter === null) return { tokensPerSecond: null, toolsMs: null };
  const { ms: writing } = ended(meter.writing, meter.at);
  const { ms: tools } = ended(meter.tools, meter.at);
  return { tokensPerSecond: rate(usage?.output_tokens, writing), toolsMs: tools || null };
}

function written(meter, { t, message_id: id }) {
  const message = meter.messages[id] ?? { waited: t - meter.at, first: t, last: t, usage: null };
  return {
    ...meter,
    messages: { ...meter.messages, [id]: { ...message, last: t } },
    writing: begun(meter.writing, id, t),
  };
}

function messageEnded(meter, { t, message_id: id }) {
  const message = meter.messages[id];
  if (!message) return meter;
  const messages = { ...meter.messages, [id]: { ...message, last: t } };
  return { ...meter, messages, writing: over(meter.writing, id, t) };
}

function used(meter, data) {
  const message = meter.messages[data.message_id];
  if (!message) return meter;
  return { ...meter, messages: { ...meter.messages, [data.message_id]: { ...message, usage: data } } };
}

function toolEnded(meter, { t, tool_call_id: id }) {
  return { ...meter, tools: over(meter.tools, id, t) };
}

function begun(span, id, t) {
  if (span.going.includes(id)) return span;
  return { ...span, going: [...span.going, id], since: span.going.length ? span.since : t };
}

function over(span, id, t) {
  if (!span.going.includes(id)) return span;
  const going = span.going.filter((other) => other !== id);
  return going.length ? { ...span, going } : ended(span, t);
}

function ended(span, t) {
  return span.going.length ? { going: [], since: 0, ms: span.ms + t - span.since } : span;
}

/** One token, or none, has no speed. */
function rate(tokens, ms) {
  return tokens > 1 && ms > 0 ? (tokens * 1_000) / ms : null;
}
