"""The clients that people use, as they are, against a real service: what each expects is the contract."""
