/**
 * Light or dark as it was chosen, before anything is drawn. No module, since those run after the first frame.
 *
 * `data-theme` on the root is `light` or `dark`; without it the page is as the system is.
 */
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("chainstream.theme");
  } catch {
    // A browser that keeps nothing for this page has nothing chosen.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
