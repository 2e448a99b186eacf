"""The chain of this service: the same `ChatOpenAI`, made fast as the models that it builds."""

from service.fast_models import fast
from service.provider_client import ProviderClient

from .chain import chat_model

chain = fast(chat_model(http_async_client=ProviderClient()))
