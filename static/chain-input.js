/** Pure: what a chain is given, told from its own input schema as the service tells it. */

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

function said(content) {
  return { role: "user", content };
}

function told(content) {
  return { role: "assistant", content };
}
