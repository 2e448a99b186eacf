/** What the service can run: its chains, and the models that they can be run with. */

import { asked } from "./requests.js";

/** Raises Refusal, or what fetch raises. */
export async function catalogue() {
  const { items, models = [] } = await asked("chains");
  return { chains: items, models };
}
