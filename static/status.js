/** Pure: a run in one short sentence, for the status line; it changes with the run's phases, never per token. */

export function statusOf(run, connection) {
  if (connection.state === "reading") return "Reading";
  if (run.end) return ended(run);
  if (connection.state === "dropped") return "Connection dropped";
  if (connection.state === "reconnecting") return connection.why ? `Reconnecting: ${connection.why}` : "Reconnecting";
  if (run.status === "waiting") return "Waiting for you";
  if (run.status === "starting") return "Starting";
  const running = toolsOf(run).filter(({ status }) => status === "running");
  return running.length ? `Running ${running.map(({ name }) => name).join(", ")}` : "Answering";
}

function ended({ status, end }) {
  if (status === "failed") return `Failed: ${end.code}`;
  return status === "cancelled" ? `Cancelled (${end.reason})` : "Done";
}

function toolsOf({ parts }) {
  return parts.flatMap((part) => (part.kind === "tools" ? part.tools : []));
}
