/** A retriever's documents on the page, each as a card. */

import { element } from "./element.js";

export class SourcesPart {
  #title = element("h3");
  #list = element("ol");

  constructor() {
    this.node = element("section", { class: "sources", "aria-label": "Sources" }, this.#title, this.#list);
  }

  draw({ items }) {
    this.#title.textContent = `${items.length} ${items.length === 1 ? "source" : "sources"}`;
    this.#list.replaceChildren(...items.map(card));
  }
}

function card({ id, title, url, snippet, score }) {
  const name = title || url || id || "Untitled";
  const head = isWeb(url) ? link(name, url) : element("strong", {}, name);
  const made = element("li", { class: "source" }, head);
  if (snippet) made.append(element("p", {}, snippet));
  const about = [isWeb(url) && hostOf(url), Number.isFinite(score) && `score ${score.toFixed(2)}`].filter(Boolean);
  if (about.length) made.append(element("small", {}, about.join(" · ")));
  return made;
}

function link(name, url) {
  return element("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, name);
}

/** Whether it may be a link: a source's address comes from anywhere, and `javascript:` is one too. */
function isWeb(url) {
  return /^https?:\/\//i.test(url ?? "");
}

function hostOf(url) {
  return URL.canParse(url) ? new URL(url).host : "";
}
