/** A structured output on the page, as a tree that grows: what is there keeps its nodes. */

import { copyButton } from "./clipboard.js";
import { element, setText } from "./element.js";

const DEEPEST = 40;
const MOST = 1_000;

export class TreePart {
  #value = null;
  #root = element("div", { class: "tree-root" });
  #state = element("span", { class: "tree-state" });
  #branch = null;

  constructor() {
    const copy = copyButton("Copy the output as JSON", () => JSON.stringify(this.#value, null, 2), "copy");
    this.node = element(
      "section",
      { class: "tree", "aria-label": "Structured output" },
      element("header", {}, element("h3", {}, "Output"), this.#state, copy),
      this.#root,
    );
  }

  draw({ value, complete }) {
    this.#value = value;
    this.node.dataset.state = complete ? "complete" : "running";
    setText(this.#state, complete ? "" : "being written");
    this.#branch = grown(this.#branch, value, 0, (node) => this.#root.replaceChildren(node));
  }
}

/** The view of a value: the same one, if it can show it, else a new one that is put in its place. */
function grown(view, value, depth, put) {
  const kind = kindOf(value, depth);
  const fits = view?.kind === kind ? view : new VIEWS[kind](depth);
  fits.kind = kind;
  if (fits !== view) put(fits.node);
  fits.draw(value);
  return fits;
}

function kindOf(value, depth) {
  if (value === null || typeof value !== "object" || depth >= DEEPEST) return "leaf";
  return Array.isArray(value) ? "list" : "object";
}

/** A scalar; and what lies too deep, as JSON. */
class Leaf {
  node = element("span", { class: "leaf" });

  draw(value) {
    this.node.dataset.type = value === null ? "null" : typeof value;
    setText(this.node, typeof value === "string" ? value : JSON.stringify(value));
  }
}

class Branch {
  #depth;
  #rows = new Map();
  #list = element("ul");
  #more = element("li", { class: "more", hidden: true });
  #nothing = element("span", { class: "leaf", "data-type": "null" });
  node = element("div", { class: "branch" }, this.#list, this.#nothing);

  constructor(depth) {
    this.#depth = depth;
  }

  draw(value) {
    const keys = Object.keys(value);
    this.#nothing.hidden = keys.length > 0;
    setText(this.#nothing, Array.isArray(value) ? "none" : "empty");
    for (const key of keys.slice(0, MOST)) this.#drawRow(key, value[key]);
    this.#more.hidden = keys.length <= MOST;
    if (keys.length <= MOST) return;
    setText(this.#more, `… and ${keys.length - MOST} more`);
    this.#list.append(this.#more);
  }

  #drawRow(key, value) {
    let row = this.#rows.get(key);
    if (!row) {
      row = { node: element("li", {}, element("span", { class: "key" }, key)), view: null };
      this.#rows.set(key, row);
      this.#list.append(row.node);
    }
    row.view = grown(row.view, value, this.#depth + 1, (node) => {
      row.view?.node.remove();
      row.node.append(node);
      row.node.dataset.holds = node.className;
    });
  }
}

const VIEWS = { leaf: Leaf, list: Branch, object: Branch };
