"""Tests of the database's address, its connections, and that one process alone has it."""
