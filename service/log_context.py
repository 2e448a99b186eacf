"""Whose run and whose key the code at hand works for: whatever it logs names both.

A request learns them as it goes; a run has a context of its own, from the request that asked for it, which it
keeps while it is queued, and after a pause.
"""

from contextvars import Context, ContextVar, copy_context

from asgi_correlation_id import correlation_id

request_id: ContextVar[str | None] = correlation_id
run_id: ContextVar[str | None] = ContextVar("run_id", default=None)
key_id: ContextVar[str | None] = ContextVar("key_id", default=None)


def context_of_run(run: str, key: str | None, request: str | None = None) -> Context:
    """A copy of this context for all that happens in the run: with the id of the request at hand, or of the
    `request` that asked for it in another process."""
    context = copy_context()
    if request is not None:
        context.run(request_id.set, request)
    context.run(run_id.set, run)
    context.run(key_id.set, key)
    return context
