"""The chain of this service: the model that it builds, and nothing else."""

from langchain_core.language_models import BaseChatModel


def build(model: BaseChatModel) -> BaseChatModel:
    """The model as it is."""
    return model
