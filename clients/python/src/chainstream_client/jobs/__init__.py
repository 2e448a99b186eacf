"""Jobs: calls of models that a team is billed for by the piece."""
