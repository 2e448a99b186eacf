"""The page in a real Chromium, against a real server, over a network that a test can hold and cut."""
