// A file's functions over JSON lines: one request a line in, one answer a line out (running.py).
import { createInterface } from "node:readline";

export async function serve(functions) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...given } = JSON.parse(line);
    let answer;
    try {
      answer = { result: (await functions[name](given)) ?? null };
    } catch (error) {
      answer = { error: error.stack ?? String(error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}
