/**
 * Markdown to DOM: marked reads it, DOMPurify lets through what is listed here, and nothing else, at every render.
 *
 * HTML in it is text, so that nothing a model writes is lost or becomes an element of its choice; a picture is a link,
 * since a picture that is loaded tells its server who reads. A link by reference is text too: its address may come long
 * after its use, and what is rendered stays as it is. So each block can be read without the others.
 */

import { CodeBlock } from "./code-block.js";
import { element } from "./element.js";
import DOMPurify from "./vendor/dompurify/purify.es.mjs";
import { Marked } from "./vendor/marked/marked.esm.js";

const MAY_LINK = /^(?:https?:\/\/|mailto:)/i;

const ALLOWED = {
  ALLOWED_TAGS: `a blockquote br code del em h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul`.split(" "),
  ALLOWED_ATTR: ["align", "class", "href", "start", "title"],
  ALLOWED_URI_REGEXP: MAY_LINK,
  ADD_URI_SAFE_ATTR: ["align", "start"],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

const marked = new Marked({
  gfm: true,
  breaks: true,
  tokenizer: { html: () => undefined, def: () => undefined },
  renderer: {
    html: ({ text }) => (/^<br\s*\/?>$/i.test(text) ? "<br>" : escaped(text)),
    image: ({ href, text }) => linked(href, escaped(text || href)),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    link({ href, tokens }) {
      return linked(href, this.parser.parseInline(tokens));
    },
    heading({ depth, tokens }) {
      const name = `h${Math.min(depth + 2, 6)}`; // the page itself has those above
      return `<${name}>${this.parser.parseInline(tokens)}</${name}>`;
    },
  },
});

/** The blocks of a text without CR, as marked's tokens; `raw` is what each has of it, where marked may say `\n` for a space. */
export function blocksOf(text) {
  let at = 0;
  return marked.lexer(text).map((block) => ({ ...block, raw: text.slice(at, (at += block.raw.length)) }));
}

/** Blocks as a fragment of elements. */
export function rendered(blocks) {
  const fragment = DOMPurify.sanitize(marked.parser(blocks), ALLOWED);
  for (const node of [...fragment.childNodes]) if (isBlank(node)) node.remove();
  fragment.querySelectorAll("a").forEach(leadOut);
  fragment.querySelectorAll("table").forEach(letScroll);
  fragment.querySelectorAll("pre").forEach(asCodeBlock);
  return fragment;
}

function linked(href, html) {
  return MAY_LINK.test(href) ? `<a href="${escaped(href)}">${html}</a>` : html;
}

function escaped(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Marked writes a line's end after each block. */
function isBlank({ nodeType, data }) {
  return nodeType === Node.TEXT_NODE && !data.trim();
}

/** Opens beside the page, which goes on streaming, and tells the other side nothing. */
function leadOut(link) {
  if (!link.hasAttribute("href")) return link.replaceWith(...link.childNodes);
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

function letScroll(table) {
  const around = element("div", { class: "table", role: "group", "aria-label": "Table", tabindex: "0" });
  table.replaceWith(around);
  around.append(table);
}

function asCodeBlock(pre) {
  const language = pre.firstElementChild?.className.replace(/^language-/, "") ?? "";
  const block = new CodeBlock(language);
  block.append(pre.textContent.replace(/\n$/, ""));
  pre.replaceWith(block.node);
}
