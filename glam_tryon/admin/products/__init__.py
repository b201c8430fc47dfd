"""Try-ons in the shop's product admin, and house models."""
