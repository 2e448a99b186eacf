/** Leads the keyboard's focus to what waits for a person, but takes it from nobody who is busy elsewhere. */

const OPEN = ".approval[data-state=open]";
const PENDING = `${OPEN}, .approval[data-state=sending]`;

/**
 * Change a run's node: to a new card the focus goes if it is free, and from a decided one it goes on, to the prompt at
 * last; but not where that would bring up a phone's keyboard.
 */
export function attending(node, change) {
  const focused = document.activeElement;
  const left = focused.closest(PENDING);
  const byKeyboard = focused.matches(":focus-visible") && !matchMedia("(hover: none)").matches;
  const before = node.querySelectorAll(PENDING).length;
  change();
  const first = node.querySelector(`${OPEN} .choice`);
  if (left && !left.matches(PENDING)) return first ? first.focus() : byKeyboard && prompt().focus();
  if (first && node.querySelectorAll(PENDING).length > before && isFree(focused)) first.focus();
}

/** Whoever writes a prompt, or is about to stop the run, is left in peace: the next key would be a decision. */
function isFree(focused) {
  return focused === document.body || (focused === prompt() && focused.value === "");
}

function prompt() {
  return document.querySelector("#prompt");
}
