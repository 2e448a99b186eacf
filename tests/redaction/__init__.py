"""Tests of filters in the stream."""
