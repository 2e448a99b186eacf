/** A DOM element in one expression. What it is given is text and attributes, never markup. */

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** Set a node's text, if it is another: a write of the same text would still be a mutation that is read out. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
