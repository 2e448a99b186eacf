"""Pure: JSON that is still being written, as a model whose fields are filled one after the other."""

import re
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, Field, RootModel, ValidationError, create_model
from pydantic_core import from_json

Model = TypeVar("Model", bound=BaseModel)
STEPS = 64  # a text is read anew each time it grew by a part of it, so that a long one is not read too often
_NUMBER = re.compile(r"(?<=[:,\[\s])[-+.\deE]+\Z")


class PartialModel(Generic[Model]):
    """Takes a text piece by piece."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model
        self._partial: type[Model] = partial_of(model)
        self._pieces: list[str] = []
        self._chars = 0
        self._read_to = 0
        self._told: Model | None = None

    def add(self, piece: str) -> Model | None:
        """The model so far, where it is more than it was: one of `partial_of`."""
        self._pieces.append(piece)
        self._chars += len(piece)
        if self._chars - self._read_to < max(self._chars // STEPS, 1):
            return None
        self._read_to = self._chars
        made = _made_of(self._partial, "".join(self._pieces))
        if made is None or made == self._told:
            return None
        self._told = made
        return made

    def whole(self) -> Model:
        """The model itself. Raises pydantic's ValidationError."""
        return self._model.model_validate_json("".join(self._pieces))


@lru_cache(maxsize=256)
def partial_of(model: type[Model]) -> type[Model]:
    """A class of the model, whose fields may all be missing, those of models within it too: then they are
    None. It keeps the model's validators, but no bounds that a value reaches only when it is whole."""
    return _partial_of(model, frozenset())


def _partial_of(model: type[Model], within: frozenset[type[BaseModel]]) -> type[Model]:
    if model in within or issubclass(model, RootModel):
        return model
    fields: dict[str, Any] = {
        name: (
            _open(field.annotation, within | {model}) | None,
            Field(default=None, alias=field.alias, validation_alias=field.validation_alias),
        )
        for name, field in model.model_fields.items()
    }
    return create_model(f"Partial{model.__name__}", __base__=model, __module__=__name__, **fields)


def _open(annotation: Any, within: frozenset[type[BaseModel]]) -> Any:
    """The type with partial models in it. Of several models in one place it is open which one it will be,
    until it is whole."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _partial_of(annotation, within)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or origin is Literal:
        return annotation
    if origin is Annotated:
        return _open(arguments[0], within)
    if _models_in(arguments) > 1 and origin in (Union, UnionType):
        return annotation
    opened = tuple(_open(each, within) for each in arguments)
    return Union[opened] if origin is UnionType else origin[opened]  # noqa: UP007 - of a tuple


def _models_in(types: tuple[Any, ...]) -> int:
    return sum(isinstance(each, type) and issubclass(each, BaseModel) for each in types)


def _made_of(partial: type[Model], text: str) -> Model | None:
    """None where there is no object yet. A field that is not yet what its type takes is left out."""
    try:
        # The beginning of a number is another number.
        value = from_json(_NUMBER.sub("", text), allow_partial="trailing-strings")
    except ValueError:
        return None
    while isinstance(value, dict):
        try:
            return partial.model_validate(value)
        except ValidationError as error:
            wrong = {each["loc"][0] for each in error.errors() if each["loc"]} & value.keys()
            value = {name: value[name] for name in value.keys() - wrong} if wrong else None
    return None
