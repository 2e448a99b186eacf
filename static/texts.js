/**
 * Pure: what models write, as parts of transcript.js's state.
 *
 * Part: {kind: "text", messageId, channel, text, complete, covered, superseded, figures}; `covered` where a tree shows
 * the same, `superseded` where it counts no more, and `figures` are words | {kind: "reasoning", messageId, text, since,
 * until, complete}, in the run's milliseconds.
 */

/** A text from its event, or from a snapshot. */
export function newText({ message_id: messageId, channel, text }) {
  return { kind: "text", messageId, channel, text, complete: false, covered: false, superseded: false, figures: null };
}

/** More of a message's text. */
export function written(parts, data) {
  const at = writtenAt(parts, (part) => part.messageId === data.message_id && part.channel === data.channel);
  if (at >= 0) return grown(parts, at, data.text);
  return [...thoughtOver(parts, data), newText(data)];
}

/** More of what a model thinks. */
export function thought(parts, { message_id: messageId, text, t }) {
  const isOf = (part) => part.kind === "reasoning" && part.messageId === messageId && !part.complete;
  const at = writtenAt(parts, isOf);
  if (at >= 0) return grown(parts, at, text);
  return [...parts, { kind: "reasoning", messageId, text, since: t, until: t, complete: false }];
}

/** Nothing more comes of a message, or without its id of any. */
export function completed(parts, t, messageId = null) {
  return parts.map((part) => {
    const isMeant = messageId === null || part.messageId === messageId;
    return isMeant && part.complete === false ? complete(part, t) : part;
  });
}

/** Once a model answers, or calls a tool, it has thought. */
export function thoughtOver(parts, { message_id: messageId, t }) {
  const isOver = (part) => part.kind === "reasoning" && part.messageId === messageId && !part.complete;
  return parts.some(isOver) ? parts.map((part) => (isOver(part) ? complete(part, t) : part)) : parts;
}

/** Where a message goes on: parallel ones keep apart, but nothing is written above a later card; a tree grows beside its text. */
function writtenAt(parts, isMeant) {
  for (let at = parts.length - 1; at >= 0 && isWritten(parts[at]); at--) {
    if (isMeant(parts[at])) return at;
  }
  return -1;
}

function isWritten({ kind }) {
  return kind === "text" || kind === "reasoning" || kind === "tree";
}

function grown(parts, at, text) {
  return parts.with(at, { ...parts[at], text: parts[at].text + text, complete: false });
}

function complete(part, t) {
  return part.kind === "reasoning" ? { ...part, complete: true, until: t ?? part.until } : { ...part, complete: true };
}
