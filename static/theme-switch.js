/** The choice between light, dark and what the system says; theme.js takes it up again at the next visit. */

const KEY = "chainstream.theme";
const root = document.documentElement;

/** `choices`: a group of radio buttons with the values `system`, `light` and `dark`. */
export function switchTheme(choices) {
  show(choices);
  choices.addEventListener("change", ({ target }) => choose(target.value));
  // What is chosen in one tab is so in all of them.
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== KEY) return;
    become(newValue ?? "system");
    show(choices);
  });
}

function show(choices) {
  choices.querySelector(`[value=${root.dataset.theme ?? "system"}]`).checked = true;
}

function choose(theme) {
  become(theme);
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Then it holds until the page is left.
  }
}

function become(theme) {
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  else delete root.dataset.theme;
}
