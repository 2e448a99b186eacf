/**
 * What a tab keeps for a reload: what is chosen in the composer, and of the last turn what the service does not have.
 *
 * That is a start that was not answered yet, or was refused, and when a run that goes on began by this page's clock.
 * It is in sessionStorage: it ends with the tab. A prompt that is too long is not kept.
 */

const NAME = `chainstream:${location.pathname}`; // the service may be mounted more than once
const MOST = 1_000_000; // characters
let isForgotten = false;

/** `turn` as Turn.saved gives it. */
export function save({ chosen, turn }) {
  if (isForgotten) return;
  const whole = JSON.stringify({ chosen, turn });
  try {
    sessionStorage.setItem(NAME, whole.length > MOST ? JSON.stringify({ chosen, turn: null }) : whole);
  } catch {
    remove(); // no room, or no storage: then a reload has what the service has
  }
}

export function saved() {
  const { chosen, turn } = parsed() ?? {};
  return { chosen: chosen ?? {}, turn: isTurn(turn) ? turn : null };
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
  return typeof turn?.key === "string" && typeof turn.prompt === "string" && typeof turn.request?.thread_id === "string";
}

/** Nothing is kept from now on. */
export function forget() {
  isForgotten = true;
  remove();
}

function remove() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // There is no storage.
  }
}
