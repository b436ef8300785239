"""What people run: the package builder, the local stack, the demo, benchmarks and docs."""
