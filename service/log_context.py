"""Whose run and whose key the code at hand works for: whatever it logs names both.

A request learns them as it goes; a run has a context of its own, from the request that asked for it, which it
keeps while it is queued, and after a pause.
"""

from contextvars import Context, ContextVar, copy_context

run_id: ContextVar[str | None] = ContextVar("run_id", default=None)
key_id: ContextVar[str | None] = ContextVar("key_id", default=None)


def context_of_run(run: str, key: str | None) -> Context:
    """A copy of this context, with the request's id, for all that happens in the run."""
    context = copy_context()
    context.run(run_id.set, run)
    context.run(key_id.set, key)
    return context
