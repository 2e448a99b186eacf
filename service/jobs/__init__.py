"""Jobs: what a team is billed for as one piece, whatever calls of models it takes."""
