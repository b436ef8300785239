"""What is in each zip, as CycloneDX; beside the builder, because it needs a library that the builder must not."""
