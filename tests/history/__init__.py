"""Tests of what is kept of runs, on both databases."""
