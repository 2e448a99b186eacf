/** Pure: what a person typed as a decision, and a decision in words. */

const VERBS = {
  approve: ["Approve", "Approved"],
  edit: ["Approve, edited", "Approved, edited"],
  reject: ["Reject", "Rejected"],
  respond: ["Answer", "Answered"],
};

/** An edit of a tool's arguments, or why the text is none: `{decision}` or `{complaint}`. */
export function edit(text) {
  let args;
  try {
    args = JSON.parse(text);
  } catch (error) {
    return { complaint: `This is not JSON: ${error.message}` };
  }
  const isObject = typeof args === "object" && args !== null && !Array.isArray(args);
  return isObject ? { decision: { type: "edit", args } } : { complaint: "The arguments must be a JSON object: {…}" };
}

export function reject(text) {
  return { decision: text.trim() ? { type: "reject", message: text } : { type: "reject" } };
}

/** The result that the model gets in the tool's place. */
export function respond(text) {
  return text.trim() ? { decision: { type: "respond", message: text } } : { complaint: "Write what the answer is." };
}

/** What an interrupt outside a tool gets: the value of what is JSON, and of all else the text. */
export function answer(text) {
  if (!text.trim()) return { complaint: "Write what the answer is." };
  let value = text;
  try {
    value = JSON.parse(text);
  } catch {
    // It is text then.
  }
  return { decision: { type: "respond", value } };
}

/** In words, as what is chosen or as what was `sent`. */
export function inWords({ type, args, message, value }, sent) {
  const verb = VERBS[type][Number(sent)];
  const what = args ?? message ?? value;
  if (what === undefined) return verb;
  return `${verb}: ${typeof what === "string" ? what : JSON.stringify(what, null, 2)}`;
}
