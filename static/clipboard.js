/** Text to the clipboard, and a button that does it and says so. */

import { element, setText } from "./element.js";

const TOLD_FOR = 1_600;

/** Whether it is there now. Over plain http from another machine a page has no clipboard but by way of a selection. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text) {
  const box = element("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
  const focused = document.activeElement;
  box.value = text;
  document.body.append(box);
  box.select();
  const copied = document.execCommand("copy");
  box.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}

/** `textOf()` is asked when it is pressed; `label` names what is copied for those who do not see where it stands. */
export function copyButton(label, textOf, kind = "small") {
  const button = element("button", { type: "button", class: kind, "aria-label": label }, "Copy");
  let timer = 0;
  button.addEventListener("click", async () => {
    const copied = await copyText(textOf());
    setText(button, copied ? "Copied" : "Not copied");
    button.setAttribute("aria-label", `${label}: ${copied ? "copied" : "not copied"}`);
    clearTimeout(timer);
    timer = setTimeout(() => {
      setText(button, "Copy");
      button.setAttribute("aria-label", label);
    }, TOLD_FOR);
  });
  return button;
}
