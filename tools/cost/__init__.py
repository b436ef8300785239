"""What a fleet costs a month, part by part: ``make cost``."""
