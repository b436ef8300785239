"""Answers the Auto Scaling group which of its instances may go."""
