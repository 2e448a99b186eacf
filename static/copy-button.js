/** A button that copies a text, and says so for a moment. */

import { element, setText } from "./element.js";

const SAID_FOR = 1_600;

/** `textOf()` is asked when it is pressed; `label` says what is copied. */
export function copyButton(textOf, label) {
  const button = element("button", { type: "button", class: "copy", "aria-label": label }, "Copy");
  let timer = 0;
  button.addEventListener("click", async () => {
    const done = await copied(textOf());
    setText(button, done ? "Copied" : "Not copied");
    clearTimeout(timer);
    timer = setTimeout(() => setText(button, "Copy"), SAID_FOR);
  });
  return button;
}

/** Put a text on the clipboard; browsers without a secure context have only the old way. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedTheOldWay(text);
  }
}

function copiedTheOldWay(text) {
  const focused = document.activeElement;
  const area = element("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  focused?.focus({ preventScroll: true });
  return done;
}
