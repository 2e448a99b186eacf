"""The version of this package, which every request tells in its User-Agent."""

__version__ = "0.1.0"
