"""What real clients make of a running service: none of them is ours."""
