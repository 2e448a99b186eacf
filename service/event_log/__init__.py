"""The event log and its backends."""
