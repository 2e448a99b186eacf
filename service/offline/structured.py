"""Answers in a response format: an object of the schema that was asked for, filled from what was said."""

import json
from collections.abc import Mapping
from typing import Any

from .conversation import Conversation
from .planning import forced
from .replies import Reply
from .schemas import Tool, params_of, resolved


def formed(reply: Reply, conversation: Conversation, form: Mapping[str, Any] | None) -> Reply:
    """The reply as OpenAI's `response_format` wants it. Calls of tools come first, and have no form."""
    if reply.calls or form is None:
        return reply
    match form.get("type"):
        case "json_schema":
            return Reply(_object_of(conversation, form["json_schema"]))
        case "json_object":
            return Reply(json.dumps({"answer": reply.text}, ensure_ascii=False))
    return reply


def _object_of(conversation: Conversation, asked: Mapping[str, Any]) -> str:
    schema = asked.get("schema") or {}
    root = resolved(schema, schema)
    description = str(asked.get("description") or root.get("description") or "")
    form = Tool(str(asked.get("name") or "answer"), description, params_of(root, schema))
    [call, *_] = [*forced(conversation, [form]), None]
    return json.dumps(call.args if call else {}, ensure_ascii=False)
