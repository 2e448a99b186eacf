/** A value from a model, a tool or a chain, in a box of its own. */

import { element } from "./element.js";

export function block(kind, label) {
  return element("pre", { class: kind, "aria-label": label, role: "group", hidden: true });
}

/** Show a text there, which is appended to where it goes on; without any the box goes. */
export function fill(pre, text) {
  pre.hidden = text === "";
  const before = pre.textContent;
  if (text === before) return;
  if (before && text.startsWith(before)) pre.firstChild.appendData(text.slice(before.length));
  else pre.textContent = text;
  // Whoever has no mouse scrolls what overflows by keyboard.
  if (pre.scrollHeight > pre.clientHeight) pre.tabIndex = 0;
}

/** A value for people: text as it is, small objects on one line. */
export function shown(value) {
  if (typeof value === "string") return value;
  const line = JSON.stringify(value) ?? "";
  return line.length <= 60 ? line : JSON.stringify(value, null, 2);
}
