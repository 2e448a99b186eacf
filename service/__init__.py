"""Chainstream: LangChain chains and agents, streamed live."""

__version__ = "0.1.0"
