"""What may be ordered and bought: availability, permission, quotas, pricing and budget."""
