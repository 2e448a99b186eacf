"""A port for a program that has to be told one, and opens it later."""

import random
import socket

# Below those that systems give to whoever asks for any, so that nobody else has it meanwhile.
_FIRST, _END = 16_384, 32_768


def unused_port() -> int:
    while True:
        port = random.SystemRandom().randrange(_FIRST, _END)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue  # somebody has it
