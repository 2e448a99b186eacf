"""What says of metrics and traces which service they are of."""

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

from .. import __version__


def service_resource() -> Resource:
    """`chainstream`, but for what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say."""
    ours = Resource({"service.name": "chainstream", "service.version": __version__})
    return ours.merge(OTELResourceDetector().detect())
