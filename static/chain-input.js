/** Pure: what a chain is given, told from its own input schema as the service tells it, and what of it was a prompt. */

const PEOPLE = new Set(["user", "human"]);

/** Whether a chain takes a conversation; of one that is not known, nobody can say. */
export function takesMessages(chain) {
  const { properties, $defs = {}, anyOf } = chain?.input_schema ?? {};
  if (properties && "messages" in properties) return true;
  return anyOf !== undefined && Object.keys($defs).some((name) => name.includes("Message"));
}

/** The input with which a prompt goes on from the `exchanges` before it; `{prompt, answer}` each. */
export function inputOf(chain, prompt, exchanges) {
  if (!takesMessages(chain)) return prompt;
  const before = exchanges.filter(({ answer }) => answer).flatMap(({ prompt, answer }) => [said(prompt), told(answer)]);
  return { messages: [...before, said(prompt)] };
}

/** What a person asked, of an input in any form; JSON, where it is none that people write. */
export function promptOf(input) {
  if (typeof input === "string") return input;
  const messages = Array.isArray(input) ? input : input?.messages;
  const last = Array.isArray(messages) ? messages.findLast((message) => PEOPLE.has(message?.role ?? message?.type)) : null;
  return textOf(last?.content) || JSON.stringify(input, null, 2);
}

/** Of a message, whose content may be in parts. */
function textOf(content) {
  if (!Array.isArray(content)) return typeof content === "string" ? content : "";
  return content.map((part) => (typeof part?.text === "string" ? part.text : "")).join("");
}

function said(content) {
  return { role: "user", content };
}

function told(content) {
  return { role: "assistant", content };
}
