"""The model that needs no key and no network: `OfflineChatModel`."""

from .model import OfflineChatModel

__all__ = ["OfflineChatModel"]
