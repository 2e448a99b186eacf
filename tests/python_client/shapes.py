"""What a type says of JSON, whether it is a dataclass, a TypedDict or a pydantic model: for comparisons."""

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import get_type_hints, is_typeddict

Shape = Any  # of nested tuples and dicts


def shape_of(type_: Any) -> Shape:
    """Lists of words are what they name, though a client takes others too."""
    origin, arguments = get_origin(type_), get_args(type_)
    if origin is Annotated:
        return shape_of(arguments[0])
    if origin is Literal:
        return ("one of", *sorted(arguments))
    if origin in (Union, UnionType):
        return _any_of(arguments)
    if origin is list:
        return ("list of", shape_of(arguments[0]))
    if origin in (dict, Mapping):
        return "object"
    if is_typeddict(type_) or is_dataclass(type_) or _is_model(type_):
        return fields_of(type_)
    return type_ if type_ is Any else type_.__name__


def fields_of(type_: Any) -> dict[str, tuple[bool, Shape]]:
    """Each field, whether it is always there, and its shape."""
    hints = get_type_hints(type_)
    if is_typeddict(type_):
        always = type_.__required_keys__
    elif is_dataclass(type_):
        unsent, seldom = getattr(type_, "local", ()), getattr(type_, "optional", ())
        names = [each.name for each in dataclass_fields(type_) if each.name not in unsent]
        hints = {name: hints[name] for name in names}
        always = {name for name in names if name not in seldom}
    else:
        hints = {name: hints[name] for name in type_.model_fields}
        always = {name for name, field in type_.model_fields.items() if field.is_required()}
    return {
        name.removesuffix("_"): (name in always, shape_of(hint if name in always else _without_none(hint)))
        for name, hint in hints.items()
    }


def _is_model(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, BaseModel)


def _any_of(types: tuple[Any, ...]) -> Shape:
    """A list of words that is open, as clients have it, is that list."""
    flat = {get_origin(each) for each in types}
    shapes = [shape_of(each) for each in types if not (each is str and Literal in flat)]
    return shapes[0] if len(shapes) == 1 else ("any of", *sorted(shapes, key=repr))


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, UnionType):
        return hint
    kept = tuple(each for each in get_args(hint) if each is not NoneType)
    return Union[kept]  # noqa: UP007 - of a tuple
