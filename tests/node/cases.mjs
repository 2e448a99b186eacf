// Cases of a script, one after the other; each prints how it ended as a line of JSON.

const LONGEST = 20_000; // milliseconds; a case that hangs has failed
const cases = [];

export const base = process.argv[2];

export function test(name, run) {
  cases.push({ name, run });
}

export async function runAll() {
  for (const { name, run } of cases) {
    let error = null;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("it hangs")), LONGEST);
    });
    try {
      await Promise.race([run(), late]);
    } catch (thrown) {
      error = String(thrown?.stack ?? thrown);
    }
    clearTimeout(timer);
    process.stdout.write(`${JSON.stringify({ case: name, error })}\n`);
  }
  process.exit(0);
}

let count = 0;

/** A name that no other case has. */
export function fresh(word) {
  return `${word}-${process.pid}-${++count}`;
}

export async function json(path, options) {
  const response = await fetch(base + path, options);
  return response.json();
}

export function post(path, body) {
  return json(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
}

export async function openGate(name) {
  await post("/runs/wait", { chain: "opener", input: name });
}
