"""Distributions: which bucket a value is in, and how Prometheus reads them."""

from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry, generate_latest

from service.observability.distributions import Distributions


def test_a_value_is_in_the_first_bucket_that_it_does_not_exceed() -> None:
    distributions = Distributions()
    times = distributions.of("a.time", "seconds", "Some time.", (0.5, 1, 2.5), ("http.route",))
    for seconds in (0.0, 0.5, 0.500001, 2.5, 3.0):
        times.record(seconds, "/a")
    times.record(1, "/b")
    registry = CollectorRegistry()
    registry.register(distributions)
    assert generate_latest(registry).decode().splitlines() == [
        "# HELP a_time_seconds Some time.",
        "# TYPE a_time_seconds histogram",
        'a_time_seconds_bucket{http_route="/a",le="0.5"} 2.0',
        'a_time_seconds_bucket{http_route="/a",le="1.0"} 3.0',
        'a_time_seconds_bucket{http_route="/a",le="2.5"} 4.0',
        'a_time_seconds_bucket{http_route="/a",le="+Inf"} 5.0',
        'a_time_seconds_count{http_route="/a"} 5.0',
        'a_time_seconds_sum{http_route="/a"} 6.500001',
        'a_time_seconds_bucket{http_route="/b",le="0.5"} 0.0',
        'a_time_seconds_bucket{http_route="/b",le="1.0"} 1.0',
        'a_time_seconds_bucket{http_route="/b",le="2.5"} 1.0',
        'a_time_seconds_bucket{http_route="/b",le="+Inf"} 1.0',
        'a_time_seconds_count{http_route="/b"} 1.0',
        'a_time_seconds_sum{http_route="/b"} 1.0',
    ]


def test_what_was_never_recorded_is_not_told() -> None:
    distributions = Distributions()
    distributions.of("a.time", "seconds", "Some time.", (1,), ())
    assert list(distributions.collect()) == []


def test_nothing_is_lost_where_threads_record_at_once() -> None:
    distributions = Distributions()
    sizes = distributions.of("size", "", "Some size.", (10, 100), ())
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda size: sizes.record(size), range(4_000)))
    values = {sample.name: sample.value for sample in sizes.observed().samples if "le" not in sample.labels}
    assert values == {"size_count": 4_000.0, "size_sum": sum(range(4_000))}
