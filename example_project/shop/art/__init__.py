"""The drawings behind the example shop's pictures."""
