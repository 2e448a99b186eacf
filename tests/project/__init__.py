"""Tests of what surrounds the source: the Makefile, the lock files, the test plugin, CI."""
