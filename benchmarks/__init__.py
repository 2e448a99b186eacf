"""What the service costs per token, beside what people write today: `python -m benchmarks`."""
