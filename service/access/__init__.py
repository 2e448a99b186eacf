"""Who may do what: callers, the keys and tokens that they show, and what they may use up."""
