"""What says of metrics and traces which service they are of."""

from functools import cached_property

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from .. import __version__


class ServiceResource(Resource):
    """Hashed once: OpenTelemetry's exporter asks for it with each span, and its own is of a JSON text."""

    @cached_property
    def _hash(self) -> int:
        return super().__hash__()

    def __hash__(self) -> int:
        return self._hash


def service_resource() -> Resource:
    """`chainstream`, but for what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say."""
    ours = Resource({"service.name": "chainstream", "service.version": __version__})
    merged = ours.merge(OTELResourceDetector().detect())
    return ServiceResource(merged.attributes, merged.schema_url)
