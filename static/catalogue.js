/** What the service can run: its chains, and the models that they can be run with. */

/** Raises an Error that says why it cannot be had. */
export async function catalogue() {
  const response = await fetch("chains");
  if (!response.ok) throw new Error(`the service answered ${response.status}`);
  const { items, models = [] } = await response.json();
  return { chains: items, models };
}
