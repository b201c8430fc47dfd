"""Counts of what happened, and the statistics made of them."""
