"""AI services that draw try-ons, and the HTTP exchange with them; no Django."""
