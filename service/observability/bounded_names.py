"""Names that label metrics, of which each new one makes new series: so many, then all others are one."""

OTHER = "other"
LONGEST = 128  # characters; of the names of models, the longest have some sixty


class BoundedNames:
    """The first `limit` names that come keep theirs, cut to a length; what comes later is `other`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def of(self, name: str | None) -> str:
        """Its label; empty, which is as none, where there is no name."""
        if not name:
            return ""
        name = name[:LONGEST]
        if name not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(name)
        return name
