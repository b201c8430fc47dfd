"""Admin pages of batches."""
