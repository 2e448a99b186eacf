"""Tests of the schema and of the way to it."""
