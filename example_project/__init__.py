"""A small shop that shows glam_tryon at work."""
