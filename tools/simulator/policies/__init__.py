"""Rules that decide how many instances there are: this project's, others', and references."""
