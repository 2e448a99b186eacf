/** Pure: what people are told where the service refuses; of what it says best itself, that. */

const WORDS = {
  thread_busy: "Another answer of this conversation is still being written. Retry once it has ended.",
  history_unavailable: "The service cannot reach its history right now.",
  no_key: "The service asks for a key. Enter it, and then try again.",
  wrong_key: "The service does not take this key.",
  scope_missing: "This key is not allowed to do that.",
  parent_not_found: "The answer that this prompt follows was deleted. Open the conversation again.",
};

/** What the service tells people itself, with its numbers. */
const TOLD = new Set(["budget_exhausted", "rate_limited", "wrong_token"]);

/** Of a Refusal, or of what fetch raises. */
export function wordsOf({ code, detail, message }) {
  return Object.hasOwn(WORDS, code) ? WORDS[code] : (detail ?? message);
}

/** Whether it is all that is to be said: then its code says nothing more to people. */
export function isPlain(code) {
  return Object.hasOwn(WORDS, code) || TOLD.has(code);
}
