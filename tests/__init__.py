"""Tests of Chainstream; the folders mirror the source."""
