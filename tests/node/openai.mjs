// OpenAI's SDK for Node against a service: what it makes of answers, streams, errors and cuts.
import OpenAI from "openai";
import { serve } from "./lines.mjs";

const clientAt = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });

async function all(stream) {
  const found = [];
  for await (const each of stream) found.push(each);
  return found;
}

// What an error is to those who catch it.
const told = (error) => ({
  kind: error.constructor.name,
  status: error.status ?? null,
  code: error.code ?? null,
  param: error.param ?? null,
  request: Boolean(error.requestID),
});

await serve({
  models: async ({ url }) => (await all(clientAt(url).models.list())).map((model) => model.id),

  chat: async ({ url, body }) => clientAt(url).chat.completions.create(body),

  chatStreamed: async ({ url, body }) => {
    const chunks = [];
    const stream = clientAt(url).chat.completions.stream({ ...body, stream_options: { include_usage: true } });
    stream.on("chunk", (chunk) => chunks.push(chunk));
    const completion = await stream.finalChatCompletion();
    return { completion, usage: await stream.totalUsage(), chunks: chunks.length };
  },

  chatFailing: async ({ url, body }) => {
    let text = "";
    try {
      const stream = await clientAt(url).chat.completions.create({ ...body, stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    } catch (error) {
      return { text, ...told(error) };
    }
    throw new Error("it did not fail");
  },

  chatLeft: async ({ url, body }) => {
    const stream = await clientAt(url).chat.completions.create({ ...body, stream: true });
    for await (const chunk of stream) if (chunk.choices[0].delta.content) stream.controller.abort();
  },

  responses: async ({ url, body }) => all(await clientAt(url).responses.create({ ...body, stream: true })),

  finalResponse: async ({ url, body }) => clientAt(url).responses.stream(body).finalResponse(),

  resumed: async ({ url, id, after }) =>
    all(await clientAt(url).responses.retrieve(id, { stream: true, starting_after: after })),

  resumedByHelper: async ({ url, id, after }) =>
    all(clientAt(url).responses.stream({ response_id: id, starting_after: after })),

  background: async ({ url, body }) => {
    const client = clientAt(url);
    const { id, status } = await client.responses.create({ ...body, background: true });
    const cancelled = await client.responses.cancel(id);
    const found = await client.responses.retrieve(id);
    await client.responses.delete(id);
    const gone = await client.responses.retrieve(id).catch(told);
    return { begun: status, cancelled: cancelled.status, found: found.status, gone };
  },
});
