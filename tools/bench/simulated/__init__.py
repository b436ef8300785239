"""What section `scaling` measures by simulation, one module for each part; see `parts`."""
