"""Chat models by name, `provider:model`: the table of providers, one file for each, and `Models`."""

from .breaker import Breakers
from .models import OFFLINE_MODEL, Models, open_models
from .table import PROVIDERS, VARIABLES

__all__ = ["OFFLINE_MODEL", "PROVIDERS", "VARIABLES", "Breakers", "Models", "open_models"]
