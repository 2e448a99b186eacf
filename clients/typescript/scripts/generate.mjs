// Reads the service's OpenAPI document from stdin and writes what this client needs of it to the given file, or to
// stdout: `make schema` writes src/schema.ts.

import { writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

import openapiTS, { astToString } from "openapi-typescript";

const ROOTS = /^(event|frame|socket)\.|^(RunBody|Run|DecisionsBody|Problem)$/;
const HEAD = `/** The service's own schemas, made from its OpenAPI document by scripts/generate.mjs: not to be edited. */\n\n`;

const document = JSON.parse(await text(process.stdin));
const schemas = reached(document.components.schemas);
const { openapi, info } = document;
const types = await openapiTS({ openapi, info, paths: {}, components: { schemas } }, { defaultNonNullable: false });
const [components] = types.filter((node) => node.name?.text === "components");
const source = HEAD + astToString([components]);
const [, , file] = process.argv;
if (file) await writeFile(file, source);
else process.stdout.write(source);

/** The roots, and what they refer to, by name. */
function reached(all) {
  const names = new Set(Object.keys(all).filter((name) => ROOTS.test(name)));
  for (const name of names) {
    for (const [, found] of JSON.stringify(all[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) names.add(found);
  }
  return Object.fromEntries([...names].sort().map((name) => [name, all[name]]));
}
