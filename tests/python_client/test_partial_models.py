"""A model as its JSON is written: never wrong, ever fuller, and at the end itself."""

from typing import Annotated, Literal

import pytest
from chainstream_client.jobs.partial_models import PartialModel, partial_of
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator


class Skill(BaseModel):
    name: str
    years: Annotated[int, Field(ge=1)]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Person(BaseModel):
    full_name: str = Field(alias="name", min_length=5)
    age: int = Field(ge=10)
    mood: Literal["glad", "sad"] = "glad"
    skills: list[Skill] = Field(min_length=2)
    boss: "Person | None" = None
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    weights: dict[str, float] = Field(default_factory=dict)

    @field_validator("full_name")
    @classmethod
    def _has_a_space(cls, name: str) -> str:
        if " " not in name:
            raise ValueError("no space")
        return name

    @model_validator(mode="after")
    def _has_skills(self) -> "Person":
        if self.skills is not None and not self.skills:
            raise ValueError("no skills")
        return self


JSON = (
    '{"name": "Ann Lee", "age": 42, "mood": "sad", "skills": [{"name": "\\u00e9t\\u00e9", "years": 12}, '
    '{"name": "tea", "years": 3}], "pet": {"kind": "dog", "tricks": ["sit", "roll"]}, '
    '"weights": {"a": 1.5e3}}'
)


def test_letter_by_letter_it_fills_and_shows_nothing_that_is_not_so_at_the_end() -> None:
    so_far, shown = PartialModel(Person), list[Person]()
    for letter in JSON:
        if (made := so_far.add(letter)) is not None:
            shown.append(made)
    whole = so_far.whole()
    assert type(whole) is Person and whole == Person.model_validate_json(JSON)
    assert all(isinstance(made, Person) for made in shown)
    names = [made.full_name for made in shown if made.full_name is not None]
    assert names[0] == "Ann " and names[-1] == "Ann Lee"  # its own validator wants a space
    assert {made.age for made in shown} == {None, 42}
    assert {made.mood for made in shown} == {None, "sad"}
    skills: list[object] = [
        [(each.name, each.years) for each in made.skills] for made in shown if made.skills
    ]
    assert skills[0] == [(None, None)] and [("é", None)] in skills and skills[-1] == [("été", 12), ("tea", 3)]
    assert {made.pet.kind for made in shown if made.pet} == {"dog"}
    assert shown[-1].pet == whole.pet and shown[-1].model_dump()["skills"] == whole.model_dump()["skills"]


def test_no_state_is_shown_twice() -> None:
    so_far = PartialModel(Skill)
    shown = [
        made
        for piece in ('{"name": ', '"a"', " ", ",", '"years"', ":", " 3", "}")
        if (made := so_far.add(piece))
    ]
    assert [(made.name, made.years) for made in shown] == [(None, None), ("a", None), ("a", 3)]


def test_what_is_no_object_shows_nothing_and_is_refused_at_the_end() -> None:
    for text in ("[1, 2]", "I cannot say.", '{"name": "a"'):
        so_far = PartialModel(Skill)
        made = [so_far.add(letter) for letter in text]
        assert text[0] == "{" or set(made) == {None}
        with pytest.raises(ValidationError):
            so_far.whole()


def test_a_long_text_is_read_a_bounded_number_of_times() -> None:
    class Counted(BaseModel):
        text: str
        reads: int = 0

        @field_validator("text", mode="before")
        @classmethod
        def _count(cls, text: str) -> str:
            reads.append(len(text))
            return text

    reads = list[int]()
    so_far = PartialModel(Counted)
    for letter in '{"text": "' + "x" * 20_000 + '"}':
        so_far.add(letter)
    assert len(reads) < 600


def test_a_partial_class_is_made_once() -> None:
    assert partial_of(Person) is partial_of(Person)
    assert issubclass(partial_of(Person), Person)
