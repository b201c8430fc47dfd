"""The poll interval: how long to wait before a job is polled again, learned from durations."""
