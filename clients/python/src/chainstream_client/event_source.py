"""A response's event stream, as httpx2 reads it and the standard has it."""

import httpx2

MAX_EVENT_BYTES = 64 * 1024 * 1024  # of one frame; one longer is no event of the service's


def event_source(response: httpx2.Response) -> httpx2.EventSource:
    """UTF-8 whatever the headers say, less a byte order mark in front. Reading raises SSEError at the
    bound."""
    response.encoding = "utf-8-sig"
    return httpx2.EventSource(response, max_event_size=MAX_EVENT_BYTES)
