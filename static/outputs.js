/**
 * Pure: a structured output, as a part of transcript.js's state.
 *
 * Part: {kind: "tree", value, complete}.
 */

/** The output so far; each has all that the one before it had. */
export function partialOutput(parts, value) {
  return withTree(parts, { kind: "tree", value, complete: false });
}

/** The whole output, if it is structured: a tree, in the place of the text that is its JSON. */
export function wholeOutput(parts, output) {
  if (output === null || typeof output !== "object") return parts;
  const at = parts.findLastIndex(({ channel }) => channel === "answer");
  const told = at >= 0 && isJsonOf(parts[at].text, output);
  if (!told && treeAt(parts) < 0) return parts;
  const shown = told ? parts.with(at, { ...parts[at], covered: true }) : parts;
  return withTree(shown, { kind: "tree", value: output, complete: true });
}

function withTree(parts, tree) {
  const at = treeAt(parts);
  return at < 0 ? [...parts, tree] : parts.with(at, tree);
}

function treeAt(parts) {
  return parts.findLastIndex(({ kind }) => kind === "tree");
}

function isJsonOf(text, value) {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(value);
  } catch {
    return false;
  }
}
