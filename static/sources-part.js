/** A retriever's documents on the page, as a plain list. */

import { element } from "./element.js";

export class SourcesPart {
  #list = element("ol");

  constructor() {
    this.node = element("section", { class: "sources", "aria-label": "Sources" }, element("h3", {}, "Sources"), this.#list);
  }

  draw({ items }) {
    this.#list.replaceChildren(...items.map(entry));
  }
}

function entry({ id, title, url, snippet }) {
  const name = title || url || id || "Untitled";
  const item = element("li", {}, isWeb(url) ? link(name, url) : element("strong", {}, name));
  if (snippet) item.append(element("p", {}, snippet));
  return item;
}

function link(name, url) {
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, name);
}

/** Whether it may be a link: a source's address comes from anywhere, and `javascript:` is one too. */
function isWeb(url) {
  return /^https?:\/\//i.test(url ?? "");
}
