"""Tests of the event log: what every backend must do, and what each does besides."""
