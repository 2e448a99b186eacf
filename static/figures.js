/** Pure: a run's figures in words. */

export function duration(ms) {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What a terminal event counted; not every one counts everything. */
export function figuresOf({ ttftMs, durationMs, usage }) {
  const told = [];
  if (ttftMs !== null) told.push(`first token ${duration(ttftMs)}`);
  if (durationMs !== null) told.push(duration(durationMs));
  if (usage?.total_tokens) told.push(tokens(usage));
  return told;
}

function tokens({ total_tokens: total, input_tokens: into, output_tokens: out }) {
  return `${total} ${total === 1 ? "token" : "tokens"} (${into} in, ${out} out)`;
}
