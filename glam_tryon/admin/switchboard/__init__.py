"""The switchboard: what staff may stop, let go on and ask, each with its answer in words."""
