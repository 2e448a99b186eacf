"""The TypeScript client: as it is built and packed, and against the service through a network that breaks."""
