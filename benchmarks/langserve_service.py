"""LangServe as its documents have it, serving the same model; it runs in an environment of its own."""

from fastapi import FastAPI
from langchain_core.output_parsers import StrOutputParser
from langserve import add_routes  # type: ignore[import-not-found]  # in that environment alone

from .chain import chat_model

app = FastAPI()
add_routes(app, chat_model() | StrOutputParser(), path="/answer")
