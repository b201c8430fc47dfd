"""Admin pages with which staff steer: provider, budget, kill switch, alerts."""
