"""Providers by the names that OpenTelemetry's conventions have for them."""

_CONVENTIONS = {"xai": "x_ai", "mistralai": "mistral_ai"}  # where they are not as LangChain's


def provider_name(langchains: str | None) -> str:
    """`gen_ai.provider.name` of what LangChain calls a provider."""
    return _CONVENTIONS.get(langchains or "", langchains or "unknown")
