"""The HTTP side: requests in, problems and streams out."""
