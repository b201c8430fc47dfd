"""The worker: advances each job, one claimed step at a time."""
