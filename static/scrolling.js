/** Keeps the end of a run in sight, above the composer, while it grows, unless the reader has scrolled away. */

const NEAR = 64;
const MARGIN = 16;

export function followingTheEnd(node, change) {
  const follows = overhang(node) < NEAR;
  change();
  if (follows) showTheEnd(node);
}

export function showTheEnd(node) {
  const hidden = overhang(node) + MARGIN;
  if (hidden > 0) scrollBy(0, hidden);
}

/** How far a node reaches below the composer's upper edge. */
function overhang(node) {
  return node.getBoundingClientRect().bottom - document.querySelector("#composer").getBoundingClientRect().top;
}
