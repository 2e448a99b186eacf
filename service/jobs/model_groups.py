"""Model groups: a name that jobs ask for, the model behind it, and those that go on where it fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Row, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ..access import store as access_store
from ..access.audit import row_of
from ..access.kept import Kept
from ..errors import Conflict, InvalidRequest, NotFound, Overloaded
from .tables import MODEL_GROUPS
from .teams import By

FIRST_GROUP = "chat-fast"  # which a database has from the beginning
RETRY_AFTER = 60  # seconds; until an operator has set what is missing
T = TypeVar("T")

_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGroup:
    """`model` None is the service's own, `fallbacks` None are the service's."""

    name: str
    model: str | None
    fallbacks: tuple[str, ...] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Models:
    """What a call of a group runs on, as a run is asked for it."""

    model: str | None
    fallbacks: tuple[str, ...] | None


_GROUP = [MODEL_GROUPS.c[name] for name in ModelGroup.__slots__]


class ModelGroups:
    """`check_model` raises InvalidRequest for a model that no run can have now. All that asks the database
    raises Overloaded where it cannot be reached."""

    def __init__(self, kept: Kept, check_model: Callable[[str], None]) -> None:
        self._kept = kept
        self._check_model = check_model

    async def create(
        self, name: str, model: str | None, fallbacks: Sequence[str] | None, by: By
    ) -> ModelGroup:
        """Raises Conflict where there is one of this name, and InvalidRequest for a model that cannot be."""
        self._check(model, fallbacks)
        group = new_group(name, model, fallbacks)
        if not await self._audited("model_group_created", name, by, lambda c: add(c, group)):
            raise Conflict("model_group_exists", f"There is a model group {name!r} already.")
        return group

    async def change(self, name: str, values: Mapping[str, Any], by: By) -> ModelGroup:
        """Of the calls that begin from now on. Raises NotFound, and as `create`."""
        self._check(values.get("model"), values.get("fallbacks"))
        changed = await self._audited("model_group_changed", name, by, lambda c: change(c, name, values))
        if changed is None:
            raise _no_group(name)
        return changed

    async def remove(self, name: str, by: By) -> None:
        """Raises NotFound."""
        if not await self._audited("model_group_deleted", name, by, lambda c: _remove(c, name)):
            raise _no_group(name)

    async def find(self, name: str) -> ModelGroup:
        """Raises NotFound."""
        group = await self._kept.read(lambda connection: find(connection, name))
        if group is None:
            raise _no_group(name)
        return group

    async def page(self, *, after: str | None, limit: int) -> list[ModelGroup]:
        """By their names, those after the group `after`."""
        return await self._kept.read(lambda connection: _page(connection, after, limit))

    def models_of(self, group: ModelGroup) -> Models:
        """Those of it that can be used now. Raises Overloaded where none can: keys of theirs are gone."""
        if group.model is None:
            return Models(None, self._usable(group.fallbacks))
        usable = self._usable([group.model, *(group.fallbacks or ())]) or ()
        if not usable:
            message = f"No model of the group {group.name!r} can be used now: {self._why(group.model)}"
            raise Overloaded("model_group_unusable", message, retry_after=RETRY_AFTER, busy=True)
        return Models(usable[0], None if group.fallbacks is None else usable[1:])

    def _usable(self, names: Sequence[str] | None) -> tuple[str, ...] | None:
        return None if names is None else tuple(name for name in names if not self._why(name))

    def _why(self, name: str) -> str:
        """Why no run can have this model; empty where one can."""
        try:
            self._check_model(name)
        except InvalidRequest as error:
            return error.message
        return ""

    def _check(self, model: str | None, fallbacks: Sequence[str] | None) -> None:
        for name in (*([] if model is None else [model]), *(fallbacks or ())):
            self._check_model(name)

    async def _audited(self, action: str, name: str, by: By, work: Callable[[Connection], T]) -> T:
        """What `work` returns; the audit log has it where that is something."""
        audit = row_of(action, name, by.caller, by.address)

        def done(connection: Connection) -> T:
            if result := work(connection):
                access_store.add_audit(connection, [audit])
            return result

        return await self._kept.write(done)


def new_group(name: str, model: str | None, fallbacks: Sequence[str] | None) -> ModelGroup:
    own = None if fallbacks is None else tuple(fallbacks)
    return ModelGroup(name=name, model=model, fallbacks=own, created_at=datetime.now(UTC))


def add(connection: Connection, group: ModelGroup) -> bool:
    """Whether it is new; one that is there stays as it is."""
    values = {name: getattr(group, name) for name in ModelGroup.__slots__}
    statement = _INSERT[connection.dialect.name](MODEL_GROUPS).values(_columns_of(values))
    new = statement.on_conflict_do_nothing().returning(MODEL_GROUPS.c.name)  # psycopg counts no rows of it
    return connection.scalar(new) is not None


def find(connection: Connection, name: str) -> ModelGroup | None:
    return _group(connection.execute(select(*_GROUP).where(MODEL_GROUPS.c.name == name)).one_or_none())


def _page(connection: Connection, after: str | None, limit: int) -> list[ModelGroup]:
    query = select(*_GROUP).order_by(MODEL_GROUPS.c.name).limit(limit)
    if after is not None:
        query = query.where(MODEL_GROUPS.c.name > after)
    return [group for row in connection.execute(query) if (group := _group(row))]


def change(connection: Connection, name: str, values: Mapping[str, Any]) -> ModelGroup | None:
    query = update(MODEL_GROUPS).where(MODEL_GROUPS.c.name == name)
    return _group(connection.execute(query.values(_columns_of(values)).returning(*_GROUP)).one_or_none())


def _remove(connection: Connection, name: str) -> bool:
    return bool(connection.execute(delete(MODEL_GROUPS).where(MODEL_GROUPS.c.name == name)).rowcount)


def _columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    fallbacks = values.get("fallbacks")
    told = None if fallbacks is None else orjson.dumps(list(fallbacks)).decode()
    return {**values, "fallbacks": told} if "fallbacks" in values else dict(values)


def _group(row: Row[Any] | None) -> ModelGroup | None:
    if row is None:
        return None
    fallbacks = None if row.fallbacks is None else tuple(orjson.loads(row.fallbacks))
    return ModelGroup(**{**row._mapping, "fallbacks": fallbacks})


def _no_group(name: str) -> NotFound:
    return NotFound("model_group_not_found", f"There is no model group {name!r}.")
