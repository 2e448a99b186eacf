"""Who gets in, what they may do, and what they see."""
