"""Admin pages of try-on jobs."""
