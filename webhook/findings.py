"""What a look over an installation has found."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Findings:
    """What was found. *troubles* stop the work; *notes* are worth knowing.

    *backlog* holds the letters still to be sent, by channel and lane; *stuck* those that found no
    way, by channel and reason.
    """

    settings: dict[str, str]
    notes: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    backlog: list[dict[str, Any]] = field(default_factory=list)
    stuck: list[dict[str, Any]] = field(default_factory=list)

    def facts(self) -> dict[str, object]:
        """Return everything for a program."""
        return {
            "settings": self.settings,
            "notes": self.notes,
            "troubles": self.troubles,
            "backlog": self.backlog,
            "stuck": self.stuck,
        }
