"""The threads for synchronous tools and chains; LangChain takes the loop's default executor for them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class SyncThreads(ThreadPoolExecutor):
    """`sys.exit` in a tool ends its run, not the service; a thread that hangs does not hold up the end."""

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(partial(_without_exit, function, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait=False, cancel_futures=True)


def _without_exit(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    except SystemExit as error:
        # asyncio lets SystemExit through to the loop, which would stop, with every other run.
        raise RuntimeError(f"a synchronous tool or chain called sys.exit({error.code!r})") from error
