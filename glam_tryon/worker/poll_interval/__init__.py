"""When to poll a job again: learned durations and the cheapest moment."""
