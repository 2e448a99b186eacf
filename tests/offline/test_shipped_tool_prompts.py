"""Prompts over the four shipped tools: the right tools with the right arguments, and none where none fits."""

import pytest

from .choices import SHIPPED, Expected, differences


def calc(value: float) -> tuple[str, dict[str, object]]:
    return "calculator", {"expression": value}


def clock(zone: str) -> tuple[str, dict[str, object]]:
    return "current_time", {"timezone": zone}


def units(value: float, source: str, target: str) -> tuple[str, dict[str, object]]:
    return "convert_units", {"value": value, "from_unit": source, "to_unit": target}


def survey(topic: str, **more: object) -> tuple[str, dict[str, object]]:
    return "survey", {"topic": topic, **more}


NOW: tuple[str, dict[str, object]] = ("current_time", {})

ONE_TOOL: list[tuple[str, Expected]] = [
    ("How much is 12.5% of 240?", [calc(30)]),
    ("sqrt of 2025 plus 17", [calc(62)]),
    ("twelve times 7", [calc(84)]),
    ("15% of 80", [calc(12)]),
    ("What is the square root of 144?", [calc(12)]),
    ("add 5 and 9", [calc(14)]),
    ("half of 90", [calc(45)]),
    ("one half plus one quarter", [calc(0.75)]),
    ("2 to the power of 10", [calc(1024)]),
    ("subtract 8 from 20", [calc(12)]),
    ("what's one hundred and twenty minus twenty-five?", [calc(95)]),
    ("What is 17 mod 5?", [calc(2)]),
    ("How much is 20% off 80 dollars?", [calc(64)]),
    ("What's an 18% tip on a $64 bill?", [calc(11.52)]),
    ("average of 3, 5 and 10", [calc(6)]),
    ("What is the remainder when 17 is divided by 5?", [calc(2)]),
    ("increase 80 by 15%", [calc(92)]),
    ("multiply 3 by 4 and then add 5 to the result", [calc(17)]),
    ("If I have 3 boxes with 12 eggs each, how many eggs?", [calc(36)]),
    ("A train travels 60 km per hour for 3 hours. How far does it go?", [calc(180)]),
    ("I had 20 euros and spent 7. How much is left?", [calc(13)]),
    ("24 cookies are shared among 6 kids, how many does each get?", [calc(4)]),
    ("What is 9**9**9?", [("calculator", {"expression": "9**9**9"})]),
    ("What day is it in Berlin?", [clock("Europe/Berlin")]),
    ("what time is it?", [NOW]),
    ("What's today's date?", [NOW]),
    ("Nairobi time please", [clock("Africa/Nairobi")]),
    ("Is it morning in Sydney?", [clock("Australia/Sydney")]),
    ("I need to know what time it is in Berlin because I have a meeting", [clock("Europe/Berlin")]),
    ("If it's 5pm in London, what time is it in Tokyo?", [clock("Asia/Tokyo")]),
    ("current time in mumbai", [clock("Asia/Kolkata")]),
    ("What's the local time in Seattle?", [clock("America/Los_Angeles")]),
    ("convert 100 fahrenheit to celsius", [units(100, "fahrenheit", "celsius")]),
    ("how many feet are in 3 miles", [units(3, "miles", "feet")]),
    ("100°F to °C", [units(100, "fahrenheit", "celsius")]),
    ("how many ounces in a pound?", [units(1, "pound", "ounces")]),
    ("I'm 6 feet tall, what's that in cm?", [units(6, "feet", "cm")]),
    ("What's 6 feet 2 inches in cm?", [units(74, "inches", "cm")]),
    ("60 mph in km/h", [units(60, "mph", "km/h")]),
    ("How many days are in 6 weeks?", [units(6, "weeks", "days")]),
    ("the recipe needs 250 ml, how many cups is that?", [units(250, "ml", "cups")]),
    ("research solar panels", [survey("solar panels")]),
    ("Run a slow survey on coffee habits in 3 steps", [survey("coffee habits", steps=3)]),
    ("Do some research on the history of tea, please", [survey("history of tea")]),
    ("Could you look into renewable energy in Germany for me?", [survey("renewable energy in Germany")]),
    ("conduct a survey about remote work", [survey("remote work")]),
]

SEVERAL_CALLS: list[tuple[str, Expected]] = [
    (
        "What is 37*43, and what time is it in Tokyo?",
        [("calculator", {"expression": "37*43"}), clock("Asia/Tokyo")],
    ),
    ("time in Paris and London", [clock("Europe/Paris"), clock("Europe/London")]),
    (
        "what's the time right now in New York and Sydney?",
        [clock("America/New_York"), clock("Australia/Sydney")],
    ),
    ("compute (3+4)*5 then tell me the time in UTC", [calc(35), clock("UTC")]),
    ("How much is 5 miles in kilometers and what's 20% of 50?", [units(5, "miles", "kilometers"), calc(10)]),
    (
        "investigate electric cars and tell me the time in Oslo",
        [survey("electric cars"), clock("Europe/Oslo")],
    ),
    ("convert 5 miles to km and 10 pounds to kg", [units(5, "miles", "km"), units(10, "pounds", "kg")]),
    ("What is 2+2 and who wrote Hamlet?", [calc(4)]),
    ("12*12 and 13*13", [calc(144), calc(169)]),
    ("What's the time difference between Paris and Tokyo?", [clock("Europe/Paris"), clock("Asia/Tokyo")]),
]

NO_TOOL = [
    "hello",
    "Thanks!",
    "Tell me a joke",
    "tell me a story",
    "Tell me a story about 3 little pigs",
    "who wrote Hamlet?",
    "what can you do?",
    "What is the capital of France?",
    "It is 5 o'clock somewhere",
    "I ran 10 km today",
    "what is the time complexity of quicksort?",
    "What's the best time to visit Paris?",
    "Did you have a good time in London?",
    "What's the weather in Tokyo?",
    "How do I use the calculator?",
    "What happened on 9/11?",
    "Is support available 24/7?",
    "How many people live in Paris?",
    "My phone number is 555-1234",
    "I love research",
    "what did the survey say?",
    "Explain why 2+2=4",
    "I bought 3 apples and 4 pears.",
    "What time is the meeting in Paris?",
    "Don't use any tools. What is 3*4?",
    "Convert 100 dollars to euros",
]


@pytest.mark.parametrize(("prompt", "expected"), ONE_TOOL)
def test_the_tool_that_fits_is_called_with_what_the_prompt_says(prompt: str, expected: Expected) -> None:
    assert not differences(prompt, SHIPPED, expected)


@pytest.mark.parametrize(("prompt", "expected"), SEVERAL_CALLS)
def test_several_wishes_are_several_calls_at_once(prompt: str, expected: Expected) -> None:
    assert not differences(prompt, SHIPPED, expected)


@pytest.mark.parametrize("prompt", NO_TOOL)
def test_no_tool_is_called_where_none_fits(prompt: str) -> None:
    assert not differences(prompt, SHIPPED, [])
