"""Providers by the names that OpenTelemetry's conventions have for them, in metrics and in spans."""

# Where they are not as LangChain's; the library that makes spans knows all but xAI's.
_CONVENTIONS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gen_ai",
    "google_generativeai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "vertexai": "gcp.vertex_ai",
    "xai": "x_ai",
}


def provider_name(langchains: str | None) -> str:
    """`gen_ai.provider.name` of what LangChain calls a provider."""
    return _CONVENTIONS.get(langchains or "", langchains or "unknown")
