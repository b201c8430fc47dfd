"""Orders: everything that a caller may ask for."""
