"""A chain that says what it is asked."""

from langchain_core.runnables import RunnableLambda

plain = RunnableLambda(str)
