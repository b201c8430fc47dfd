"""Glam's HTTP API; knows HTTP, knows no Django."""
