"""Which LangChain run code is in, as its context has it."""

from uuid import UUID

from langchain_core.runnables.config import var_child_runnable_config


def enclosing_run() -> UUID | None:
    """The innermost one that sets a context for what it runs: tools, chains and graphs do, models do not."""
    config = var_child_runnable_config.get() or {}
    run_id: UUID | None = getattr(config.get("callbacks"), "parent_run_id", None)
    return run_id
