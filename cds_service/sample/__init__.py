"""A fictional chart, for the demo, benchmarks and tests."""
