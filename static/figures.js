/** Pure: a run's figures in words. */

export function duration(ms) {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What a terminal event counted, and what the events before it tell; not every one tells everything. */
export function figuresOf({ ttftMs = null, durationMs = null, usage = null, tokensPerSecond = null, toolsMs = null }) {
  const told = [];
  if (ttftMs !== null) told.push(`first token ${duration(ttftMs)}`);
  if (durationMs !== null) told.push(duration(durationMs));
  if (usage?.total_tokens) told.push(tokens(usage));
  if (tokensPerSecond !== null) told.push(`${speed(tokensPerSecond)} tokens/s`);
  if (toolsMs !== null) told.push(`tools ${duration(toolsMs)}`);
  if (Number.isFinite(usage?.cost_usd)) told.push(cost(usage.cost_usd));
  return told;
}

function tokens({ total_tokens: total, input_tokens: into, output_tokens: out }) {
  return `${total} ${total === 1 ? "token" : "tokens"} (${into} in, ${out} out)`;
}

function speed(perSecond) {
  return perSecond < 10 ? perSecond.toFixed(1) : String(Math.round(perSecond));
}

/** Most calls cost far less than a cent: two digits that say something. */
function cost(usd) {
  return usd >= 1 || usd === 0 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(2)).toFixed(Math.min(8, digits(usd)))}`;
}

function digits(usd) {
  return Math.max(2, 1 - Math.floor(Math.log10(usd)));
}
