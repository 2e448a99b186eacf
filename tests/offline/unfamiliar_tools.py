"""Tools that the offline model was not made for, as its users write them."""

from typing import Literal

from langchain_core.tools import BaseTool, tool
from pydantic import BaseModel


@tool
def get_weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Get the current weather for a city."""
    return f"It is mild in {city}, in {unit}."


@tool
def search_docs(query: str, limit: int = 5) -> str:
    """Search the documentation."""
    return f"{limit} pages about {query}"


@tool
def send_email(to: str, subject: str, body: str) -> str:
    """Send an email."""
    return f"sent to {to}"


@tool
def book_table(restaurant: str, people: int, time: str) -> str:
    """Book a table at a restaurant."""
    return f"booked {restaurant} for {people} at {time}"


@tool
def set_lights(
    room: Literal["kitchen", "living_room", "bedroom"], on: bool, brightness: int | None = None
) -> str:
    """Turn the lights in a room on or off."""
    return f"{room}: {on}, {brightness}"


@tool
def create_ticket(
    title: str, priority: Literal["low", "medium", "high"] = "medium", labels: list[str] | None = None
) -> str:
    """Create a support ticket."""
    return f"{title}, {priority}, {labels}"


@tool
def get_stock_price(symbol: str) -> str:
    """Get the latest price of a stock by its ticker symbol."""
    return f"{symbol}: 100"


@tool
def translate_text(text: str, target_language: str) -> str:
    """Translate text into another language."""
    return f"{text} in {target_language}"


@tool
def find_flights(origin: str, destination: str, date: str) -> str:
    """Find flights between two cities on a date."""
    return f"{origin} to {destination} on {date}"


@tool
def set_reminder(text: str, when: str) -> str:
    """Set a reminder."""
    return f"{text} at {when}"


@tool
def roll_dice(sides: int = 6, count: int = 1) -> str:
    """Roll dice."""
    return f"{count} of {sides}"


@tool
def fetch_url(url: str) -> str:
    """Fetch a web page."""
    return f"the page {url}"


class Address(BaseModel):
    """Where a person lives."""

    street: str
    city: str


@tool
def add_contact(name: str, email: str, address: Address | None = None) -> str:
    """Add a person to the contacts."""
    return f"{name}, {email}, {address}"


@tool
def play_song(title: str, artist: str | None = None) -> str:
    """Play a song."""
    return f"{title} by {artist}"


@tool
def get_user(user_id: int) -> str:
    """Look up a user by id."""
    return f"user {user_id}"


@tool
def exchange_rate(amount: float, from_currency: str, to_currency: str) -> str:
    """Convert money between currencies at today's exchange rate."""
    return f"{amount} {from_currency} in {to_currency}"


@tool
def get_news(topic: str, limit: int = 3) -> str:
    """Get the latest news headlines about a topic."""
    return f"{limit} headlines about {topic}"


@tool
def add_to_list(items: list[str]) -> str:
    """Add items to the shopping list."""
    return f"added {items}"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@tool
def define_word(word: str) -> str:
    """Look up the definition of a word in the dictionary."""
    return f"{word}: a word"


UNFAMILIAR: list[BaseTool] = [
    get_weather,
    search_docs,
    send_email,
    book_table,
    set_lights,
    create_ticket,
    get_stock_price,
    translate_text,
    find_flights,
    set_reminder,
    roll_dice,
    fetch_url,
    add_contact,
    play_song,
    get_user,
    exchange_rate,
    get_news,
    add_to_list,
    add,
    multiply,
    define_word,
]
