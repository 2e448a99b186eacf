/** Pure: a passage that was found, as pieces of text; the service writes it as HTML with nothing but `<mark>` in it. */

const NAMED = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** `{text, isFound}` each. What is no `<mark>` and no entity of text stays as it is written. */
export function piecesOf(html) {
  return html
    .split(/<mark>(.*?)<\/mark>/s)
    .map((piece, index) => ({ text: decoded(piece), isFound: index % 2 === 1 }))
    .filter(({ text }) => text);
}

function decoded(text) {
  return text.replace(/&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (whole, name, decimal, hex) => {
    if (name) return NAMED[name.toLowerCase()];
    const code = decimal ? Number(decimal) : parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
