"""Spans as OTLP's protobuf, put together by hand: the library's encoder makes an object of each attribute and
of each value first, which costs several times as much.

A field is its number and wire type, then its value: https://protobuf.dev/programming-guides/encoding. Which
fields there are: https://github.com/open-telemetry/opentelemetry-proto, trace.proto and common.proto. The
library still encodes what is rare, and what stands around the spans.
"""

import logging
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

MOST_KEPT = 1_024  # names, keys, and attributes of less than LONG characters that are kept encoded
LONG = 128

# `number << 3 | wire type`: 0 a varint, 1 eight bytes, 2 a length and as many bytes, 5 four bytes.
REQUEST_RESOURCE_SPANS, RESOURCE_SCOPE_SPANS, SCOPE_SPAN = b"\x0a", b"\x12", b"\x12"
TRACE_ID, SPAN_ID, PARENT_SPAN_ID = b"\x0a\x10", b"\x12\x08", b"\x22\x08"  # with their lengths
NAME, ATTRIBUTE, NO_STATUS = b"\x2a", b"\x4a", b"\x7a\x00"
KEY, VALUE = b"\x0a", b"\x12"
STRING, BOOL, INT, DOUBLE, ARRAY, ELEMENT = b"\x0a", b"\x10", b"\x18", b"\x21", b"\x2a", b"\x0a"

KIND_AND_TIMES = struct.Struct("<BBBQBQ")  # fields 6, 7 and 8
KIND, START_TIME, END_TIME = 0x30, 0x39, 0x41
KINDS = {kind: kind.value + 1 for kind in SpanKind}  # OTLP's 0 is for unknown ones
LOCAL, REMOTE = (struct.pack("<BBI", 0x85, 0x01, flags) for flags in (0x100, 0x300))  # where the parent is

DOUBLE_VALUE = struct.Struct("<d")
INTS = range(-(2**63), 2**63)


logger = logging.getLogger(__name__)

_UNHEARD = logging.Logger("unheard", logging.CRITICAL + 1)


class SpanExporter(OTLPSpanExporter):
    """Sends them as the library does, by all of its settings; but says once that a collector is away, which
    the library says of each batch, every few seconds."""

    def __init__(self, endpoint: str | None = None, *, max_request_size: int | None = None) -> None:
        super().__init__(endpoint, max_request_size=max_request_size)
        self._client._logger = _UNHEARD
        self._taken = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        data = encode(spans)
        if self._shutdown or 0 < self._max_request_size < len(data):
            return super().export(spans)  # which says why it sends nothing
        sent = self._client.export(data)
        if sent.success is not self._taken:
            self._taken = sent.success
            _tell(sent.success, sent.status_code, sent.error)
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE


def _tell(taken: bool, status: int | None, error: Exception | None) -> None:
    if taken:
        logger.warning("the collector of traces takes spans again")
    else:
        answer = f"answered {status}" if status else "did not answer"
        logger.warning(
            "the collector of traces %s: spans are lost until it takes some", answer, exc_info=error
        )


def encode(spans: Sequence[ReadableSpan]) -> bytes:
    """An `ExportTraceServiceRequest` of some spans, which are all of one resource."""
    of_scopes: dict[InstrumentationScope | None, list[ReadableSpan]] = {}
    for span in spans:
        of_scopes.setdefault(span.instrumentation_scope, []).append(span)
    scopes = b"".join(_field(RESOURCE_SCOPE_SPANS, _of_scope(found)) for found in of_scopes.values())
    return _field(REQUEST_RESOURCE_SPANS, _resource(spans[0]) + scopes)


def _of_scope(spans: list[ReadableSpan]) -> bytes:
    around = _by_library(spans[0]).scope_spans[0]
    del around.spans[:]
    scope: bytes = around.SerializeToString()
    return scope + b"".join(_field(SCOPE_SPAN, _span(span)) for span in spans)


def _resource(span: ReadableSpan) -> bytes:
    around = _by_library(span)
    del around.scope_spans[:]
    resource: bytes = around.SerializeToString()
    return resource


def _span(span: ReadableSpan) -> bytes:
    if not _is_plain(span):
        return _rare(span)
    try:
        return _plain(span)
    except (KeyError, ValueError):  # a value of another type, an int of over 64 bits, half a surrogate pair
        return _rare(span)


def _rare(span: ReadableSpan) -> bytes:
    data: bytes = _by_library(span).scope_spans[0].spans[0].SerializeToString()
    return data


def _by_library(span: ReadableSpan) -> ResourceSpans:
    found: ResourceSpans = encode_spans([span]).resource_spans[0]
    return found


def _is_plain(span: ReadableSpan) -> bool:
    return not (
        span.events
        or span.links
        or span.status.status_code is not StatusCode.UNSET
        or span.context.trace_state
        or span.dropped_attributes
        or span.dropped_events
        or span.dropped_links
    )


def _plain(span: ReadableSpan) -> bytes:
    context: SpanContext = span.context
    parent = span.parent
    attributes: Any = span.attributes  # a copy of them is a dict, whose items cost no call each
    return b"".join(
        (
            TRACE_ID,
            context.trace_id.to_bytes(16, "big"),
            SPAN_ID,
            context.span_id.to_bytes(8, "big"),
            b"" if parent is None else PARENT_SPAN_ID + parent.span_id.to_bytes(8, "big"),
            _name(span.name),
            KIND_AND_TIMES.pack(KIND, KINDS[span.kind], START_TIME, span.start_time, END_TIME, span.end_time),
            *[
                _text(key, value) if type(value) is str and len(value) < LONG else _attribute(key, value)
                for key, value in attributes.copy().items()
            ],
            NO_STATUS,
            REMOTE if parent is not None and parent.is_remote else LOCAL,
        )
    )


def _attribute(key: str, value: Any) -> bytes:
    return _field(ATTRIBUTE, _key(key) + _field(VALUE, _VALUES[type(value)](value)))


@lru_cache(MOST_KEPT)
def _key(key: str) -> bytes:
    return _field(KEY, key.encode())


@lru_cache(MOST_KEPT)
def _text(key: str, value: str) -> bytes:
    return _attribute(key, value)


@lru_cache(MOST_KEPT)
def _name(name: str) -> bytes:
    return _field(NAME, name.encode())


def _string(value: str) -> bytes:
    return _field(STRING, value.encode())


def _bool(value: bool) -> bytes:
    return BOOL + _varint(value)


def _int(value: int) -> bytes:
    if value not in INTS:
        raise ValueError("OTLP has no integers of over 64 bits")
    return INT + _varint(value % 2**64)


def _double(value: float) -> bytes:
    return DOUBLE + DOUBLE_VALUE.pack(value)


def _array(values: Sequence[Any]) -> bytes:
    return _field(ARRAY, b"".join(_field(ELEMENT, _VALUES[type(value)](value)) for value in values))


_VALUES: dict[type, Callable[[Any], bytes]] = {
    str: _string,
    bool: _bool,
    int: _int,
    float: _double,
    tuple: _array,
    list: _array,
}


def _field(tag: bytes, data: bytes) -> bytes:
    return tag + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _BYTES[number]
    if number < 0x4000:
        return bytes((number & 0x7F | 0x80, number >> 7))
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


_BYTES = [bytes([number]) for number in range(0x80)]
