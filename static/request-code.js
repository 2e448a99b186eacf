/**
 * Pure: a turn's request as code that can be run elsewhere: the same body, started and streamed in one request.
 *
 * What was said in a conversation stands in the body, a model's words too: each language gets it quoted, and what a
 * terminal or an editor would not show is escaped. A key is never in it, but where it is to be taken from.
 */

/** `base` is the page's address; `request` the body of POST /runs; `needsKey`: whether the service asks for one. */
export function codesOf(base, request, needsKey = false) {
  return [
    { name: "curl", code: curl(base, request, needsKey) },
    { name: "JavaScript", code: javascript(base, request, needsKey) },
    { name: "Python", code: python(base, request, needsKey) },
  ];
}

function curl(base, request, needsKey) {
  const key = needsKey ? `  -H "Authorization: Bearer $CHAINSTREAM_KEY" \\\n` : "";
  return `curl -N ${quoted(address(base, "events"))} \\
${key}  -H 'Content-Type: application/json' \\
  -d ${quoted(json(request))}
`;
}

function javascript(base, request, needsKey) {
  const taken = 'const key = globalThis.process?.env.CHAINSTREAM_KEY ?? prompt("Key");\n';
  const key = needsKey ? ", Authorization: `Bearer ${key}`" : "";
  return `${needsKey ? taken : ""}const response = await fetch(${json(address(base, "ndjson"))}, {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(${indented(json(request, 2), "  ")}),
});
if (!response.ok) throw new Error(await response.text());

// If it is cut, GET runs/<run_id>/events?after=<id> goes on from there.
let rest = "";
for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split("\\n");
  rest = lines.pop();
  for (const line of lines) {
    const { id, event, data } = JSON.parse(line);
    console.log(event, data);
  }
}
`;
}

function python(base, request, needsKey) {
  const key = needsKey ? `, "Authorization": f"Bearer {os.environ['CHAINSTREAM_KEY']}"` : "";
  return `import json
${needsKey ? "import os\n" : ""}from urllib.request import Request, urlopen

body = ${literal(request)}
request = Request(
    ${json(address(base, "ndjson"))},
    data=json.dumps(body).encode(),
    headers={"Content-Type": "application/json"${key}},
)
# If it is cut, GET runs/<run_id>/events?after=<id> goes on from there.
with urlopen(request) as lines:
    for line in lines:
        event = json.loads(line)
        print(event["event"], event["data"])
`;
}

function address(base, format) {
  return new URL(`runs/stream?format=${format}`, base).href;
}

/** A word of a POSIX shell. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const UNSEEN = /[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function json(value, indent) {
  const escaped = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value, null, indent).replace(UNSEEN, escaped);
}

function indented(text, by) {
  return text.replaceAll("\n", `\n${by}`);
}

/** A Python literal; JSON's strings and numbers are Python's too. */
function literal(value, by = "") {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return json(value);
  const further = `${by}    `;
  const items = Array.isArray(value)
    ? value.map((item) => literal(item, further))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${json(key)}: ${literal(item, further)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return items.length ? `${open}\n${items.map((item) => `${further}${item},\n`).join("")}${by}${close}` : open + close;
}
