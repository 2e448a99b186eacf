/**
 * What a tab keeps of its conversation, so that a reload shows it again and goes on with a run that still streams.
 *
 * It is in sessionStorage: it ends with the tab. Of a conversation that is too long the oldest turns are not kept.
 */

const NAME = `chainstream:${location.pathname}`; // the service may be mounted more than once
const MOST = 1_000_000; // characters

/** `turns` as Turn.saved gives them, and what is chosen in the composer. */
export function save(turns, chosen) {
  const kept = [];
  let room = MOST;
  for (const turn of turns.toReversed()) {
    room -= JSON.stringify(turn).length;
    if (room < 0) break;
    kept.unshift(turn);
  }
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ turns: kept, chosen }));
  } catch {
    forget(); // no room, or no storage: then a reload begins anew
  }
}

export function saved() {
  const { turns, chosen } = parsed() ?? {};
  return { turns: Array.isArray(turns) ? turns.filter(isTurn) : [], chosen: chosen ?? {} };
}

function parsed() {
  try {
    return JSON.parse(sessionStorage.getItem(NAME));
  } catch {
    return null;
  }
}

/** Another version of this page may have written it. */
function isTurn(turn) {
  return typeof turn?.key === "string" && typeof turn.prompt === "string" && typeof turn.request === "object";
}

function forget() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // There is no storage.
  }
}
