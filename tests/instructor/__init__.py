"""instructor, which runs in an environment of its own: its pins of jiter are below what our openai needs."""
