"""Wrenfield, a small clothes shop."""
