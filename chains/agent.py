"""An agent with tools: it calculates exactly, tells the time, converts units and runs a slow survey."""

from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable

from ._calculator import calculator
from ._clock import current_time
from ._survey import survey_tool
from ._units import convert_units
from ._window import Trimming

EXAMPLES: list[str] = [
    "What is 37*43, and what time is it in Tokyo?",
    "Convert 26.2 miles to kilometres",
    "Research solar panels in four steps",
    "What time is it in New York, London and Sydney?",
]

SYSTEM = (
    "You are a helpful assistant. Calculate, convert and tell the time with the tools, never from memory. "
    "When the tools have answered, say what they found; where one failed, say so."
)


def build(model: BaseChatModel) -> Runnable[Any, Any]:
    """Takes `{"messages": [...]}`, gives the conversation with the calls, their results and the answer."""
    tools = [calculator, current_time, convert_units, survey_tool()]
    return create_agent(model, tools=tools, system_prompt=SYSTEM, middleware=[Trimming()])
