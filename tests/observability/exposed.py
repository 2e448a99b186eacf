"""What /metrics exposes, as Prometheus would have it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client.parser import text_string_to_metric_families

from tests.serving import Served

PATIENCE = 20  # seconds that a metric may take to be there


@dataclass
class Exposed:
    """Samples by their name: of each, its labels and value."""

    samples: dict[str, list[tuple[dict[str, str], float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "Exposed":
        exposed = cls()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                exposed.samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        return exposed

    def labels_of(self, name: str) -> set[str]:
        return set[str]().union(*(labels for labels, _ in self.samples.get(name, ())))

    def values_of(self, name: str, label: str) -> set[str]:
        return {labels.get(label, "") for labels, _ in self.samples.get(name, ())}

    def sum(self, name: str, **labels: str) -> float:
        """Of all samples that have these labels."""
        return sum(value for has, value in self.samples.get(name, ()) if labels.items() <= has.items())

    def __iter__(self) -> Iterator[str]:
        return iter(self.samples)


def exposed_by(served: Served) -> Exposed:
    answer = served.get("/metrics")
    assert answer.status == 200, answer.text
    return Exposed.of(answer.text)


def wait_for(served: Served, wanted: Callable[[Exposed], bool]) -> Exposed:
    """Some things are counted just after the client has heard of them."""
    end = monotonic() + PATIENCE
    while not wanted(exposed := exposed_by(served)):
        assert monotonic() < end, exposed.samples
    return exposed
