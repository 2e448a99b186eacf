"""What is kept of runs: every event, call and thread, in a database."""
