"""What the clients ask: the models, a tool, and messages."""

from typing import Any

MODEL = "openai:gpt-4.1-mini"
EVERY_MODEL = ["groq:llama", MODEL, "anthropic:claude-haiku-4-5", "xai:grok-4.3", "ollama:llama3.2"]

SCHEMA = {
    "type": "object",
    "properties": {"expression": {"type": "string"}, "digits": {"type": "integer"}},
    "required": ["expression", "digits"],
}
ARGUMENTS = {"expression": "1+1", "digits": 2}  # what the fake provider gives
FUNCTION = {"name": "calculate", "description": "Calculates.", "parameters": SCHEMA}
TOOLS: Any = [{"type": "function", "function": FUNCTION}]
RESPONSE_TOOLS: Any = [{"type": "function", **FUNCTION}]


def user(text: str) -> Any:
    return [{"role": "user", "content": text}]
