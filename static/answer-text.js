/** Pure: a run's answer as text, for what goes on from it, copies it or reads it out; only what counts. */

export function answerOf({ parts }) {
  return parts
    .filter(isAnswer)
    .map(({ text }) => text.trim())
    .filter(Boolean)
    .join("\n\n");
}

export function hasAnswer({ parts }) {
  return parts.some((part) => isAnswer(part) && part.text.trim());
}

function isAnswer({ kind, channel, superseded }) {
  return kind === "text" && channel === "answer" && !superseded;
}
