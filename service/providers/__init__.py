"""Chat models by name, `provider:model`: the table of providers, one file for each, and `Models`."""

from .breaker import Breakers
from .models import OFFLINE_MODEL, Models, open_models
from .params import OF_A_MODEL_ALONE
from .table import PROVIDERS, VARIABLES

__all__ = [
    "OFFLINE_MODEL",
    "OF_A_MODEL_ALONE",
    "PROVIDERS",
    "VARIABLES",
    "Breakers",
    "Models",
    "open_models",
]
