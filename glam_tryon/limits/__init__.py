"""Limits of what may be ordered and bought: availability, quotas, pricing and budget."""
