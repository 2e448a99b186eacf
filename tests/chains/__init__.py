"""The shipped chains and their tools."""
