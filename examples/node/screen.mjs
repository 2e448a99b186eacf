// A terminal, for answers that come in pieces with tools between them.

const service = process.env.CHAINSTREAM_URL ?? "http://127.0.0.1:8000";
const key = process.env.CHAINSTREAM_KEY;

/** Where the service is, and the headers that say who asks. */
export const asked = { service, headers: key ? { Authorization: `Bearer ${key}` } : {} };

let midLine = false;

export function write(text) {
  process.stdout.write(text);
  if (text) midLine = !text.endsWith("\n");
}

export function endLine() {
  if (midLine) write("\n");
}

export function line(text) {
  endLine();
  write(`${text}\n`);
}

/** Ends the program with one line that says why. */
export function fail(error) {
  const unreachable = [error, error?.cause].some((each) => each?.code === "ECONNREFUSED");
  endLine();
  console.error(
    unreachable
      ? `There is no service at ${service}: start it with \`make run\`, or set CHAINSTREAM_URL.`
      : (error?.message ?? String(error)),
  );
  process.exit(1);
}
