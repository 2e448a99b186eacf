/** One switch that hides all tool cards, or shows them; the choice is remembered. */

const KEY = "chainstream.tools";

export function toolsSwitch(button) {
  const set = (shown) => {
    document.body.dataset.tools = shown ? "shown" : "hidden";
    button.setAttribute("aria-pressed", String(shown));
  };
  set(remembered() !== "hidden");
  button.addEventListener("click", () => {
    set(document.body.dataset.tools === "hidden");
    remember(document.body.dataset.tools);
  });
}

/** A browser may refuse its storage, or have none left: the switch works without. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(choice) {
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // as above
  }
}
