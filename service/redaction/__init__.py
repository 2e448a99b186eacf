"""Filters in the stream: what is taken out of a run's events before its log has them."""

from .block import Block

__all__ = ["Block"]
