"""When words that are held back must go: the clock of `?smooth=word`."""

import asyncio
from collections.abc import AsyncGenerator

from anyio import CancelScope

from ..event_log.base import Record
from ..wire.words import WordEncoder

WORD_SECONDS = 0.05  # how late a word may come because it goes on


async def in_words(
    batches: AsyncGenerator[list[Record], None], encoder: WordEncoder
) -> AsyncGenerator[bytes, None]:
    """The chunks of the records, each as soon as it is due. The caller closes `batches`."""
    loop = asyncio.get_running_loop()
    due = 0.0
    coming = asyncio.ensure_future(anext(batches, None))
    try:
        while True:
            seconds = max(0.0, due - loop.time()) if encoder.holds else None
            await asyncio.wait({coming}, timeout=seconds)
            if not coming.done():
                yield encoder.flush()
            elif (batch := coming.result()) is None:
                break
            else:
                held = encoder.holds
                chunk = encoder.encode(batch)
                if chunk or not held:  # what was held is out, so what is held now is new
                    due = loop.time() + WORD_SECONDS
                coming = asyncio.ensure_future(anext(batches, None))
                if chunk:
                    yield chunk
    finally:
        coming.cancel()
        with CancelScope(shield=True):
            await asyncio.wait({coming})
        if not coming.cancelled():
            coming.exception()  # told above, or there is nobody left to tell
    if rest := encoder.flush():
        yield rest
