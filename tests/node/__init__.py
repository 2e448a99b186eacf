"""Clients that run in Node, driven from Python."""
