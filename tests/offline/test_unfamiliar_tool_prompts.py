"""Prompts over tools that the model has never seen: chosen by names, descriptions and schemas alone."""

import re

import pytest

from .choices import Expected, differences
from .unfamiliar_tools import UNFAMILIAR

PROMPTS: list[tuple[str, Expected]] = [
    ("What's the weather in Paris?", [("get_weather", {"city": "Paris"})]),
    (
        "weather in paris and london please",
        [("get_weather", {"city": "paris"}), ("get_weather", {"city": "london"})],
    ),
    ("Is it going to rain in New York tomorrow?", [("get_weather", {"city": "New York"})]),
    ("How hot is it in Cairo in fahrenheit?", [("get_weather", {"city": "Cairo", "unit": "fahrenheit"})]),
    ("Search the docs for retry policy", [("search_docs", {"query": "retry policy"})]),
    (
        'search for "rate limits" and show the top 3 results',
        [("search_docs", {"query": "rate limits", "limit": 3})],
    ),
    (
        'Send an email to bob@example.com with subject "Hello" and body "How are you?"',
        [("send_email", {"to": "bob@example.com", "subject": "Hello", "body": "How are you?"})],
    ),
    (
        "Email alice@x.org about the launch saying we ship on Friday",
        [
            (
                "send_email",
                {"to": "alice@x.org", "subject": re.compile("launch$"), "body": "we ship on Friday"},
            )
        ],
    ),
    (
        "Book a table for 4 at Nobu at 7pm",
        [("book_table", {"restaurant": "Nobu", "people": 4, "time": "7pm"})],
    ),
    (
        "Reserve a table at Chez Panisse for two people at 19:30",
        [("book_table", {"restaurant": "Chez Panisse", "people": 2, "time": "19:30"})],
    ),
    ("Turn on the kitchen lights", [("set_lights", {"room": "kitchen", "on": True})]),
    ("Turn off the lights in the bedroom", [("set_lights", {"room": "bedroom", "on": False})]),
    (
        "Set the living room lights to 40 percent brightness",
        [("set_lights", {"room": "living_room", "brightness": 40})],
    ),
    (
        "Open a high priority ticket: the printer is broken",
        [("create_ticket", {"title": "the printer is broken", "priority": "high"})],
    ),
    (
        'Create a ticket titled "Login fails" with labels bug, auth and urgent',
        [("create_ticket", {"title": "Login fails", "labels": ["bug", "auth", "urgent"]})],
    ),
    ("What's the price of AAPL?", [("get_stock_price", {"symbol": "AAPL"})]),
    ("How is Tesla stock doing?", [("get_stock_price", {"symbol": "Tesla"})]),
    (
        'Translate "good morning" to French',
        [("translate_text", {"text": "good morning", "target_language": "French"})],
    ),
    (
        "Find flights from Paris to New York on 2026-12-24",
        [("find_flights", {"origin": "Paris", "destination": "New York", "date": "2026-12-24"})],
    ),
    ("Remind me to call mum at 5pm", [("set_reminder", {"text": "call mum", "when": "5pm"})]),
    ("Roll two 20-sided dice", [("roll_dice", {"sides": 20, "count": 2})]),
    ("Roll a die", [("roll_dice", {})]),
    ("Fetch https://example.com/page", [("fetch_url", {"url": "https://example.com/page"})]),
    (
        "Add Bob Smith with email bob@smith.org to my contacts",
        [("add_contact", {"name": "Bob Smith", "email": "bob@smith.org"})],
    ),
    ("Play Imagine by John Lennon", [("play_song", {"title": "Imagine", "artist": "John Lennon"})]),
    ("Show me user 42", [("get_user", {"user_id": 42})]),
    (
        "Convert 100 dollars to euros",
        [("exchange_rate", {"amount": 100, "from_currency": "USD", "to_currency": "EUR"})],
    ),
    ("What's the latest news about climate change?", [("get_news", {"topic": "climate change"})]),
    ("Add milk, eggs and bread to my shopping list", [("add_to_list", {"items": ["milk", "eggs", "bread"]})]),
    ("What is 3 plus 4?", [("add", {"a": 3, "b": 4})]),
    ("Multiply 6 by 7", [("multiply", {"a": 6, "b": 7})]),
    ("What is the definition of serendipity?", [("define_word", {"word": "serendipity"})]),
    (
        "What's the weather in Rome, and what's the price of MSFT?",
        [("get_weather", {"city": "Rome"}), ("get_stock_price", {"symbol": "MSFT"})],
    ),
]

NO_TOOL = [
    "hello",
    "tell me a joke about the weather",
    "I love the weather in Paris",
    "I read a good book",
    "who wrote Hamlet?",
    "What's the best email client?",
    "What is the capital of France?",
    "I had a table for two",
    "Thanks for the news",
    "How are you today?",
    "Can you help me?",
    "My stock is up",
]


@pytest.mark.parametrize(("prompt", "expected"), PROMPTS)
def test_a_tool_never_seen_is_called_with_what_the_prompt_says(prompt: str, expected: Expected) -> None:
    assert not differences(prompt, UNFAMILIAR, expected)


@pytest.mark.parametrize("prompt", NO_TOOL)
def test_no_unfamiliar_tool_is_called_where_none_fits(prompt: str) -> None:
    assert not differences(prompt, UNFAMILIAR, [])
