"""One channel as a sender knows it: its mouth, how full it is, until when it must be silent."""

from dataclasses import dataclass, field

from bot.sending import Mouth
from storage.pace import LEAST_SLACK, MOST_SLACK

# With how many letters in hand a channel gets no more: some seconds' worth, so that a channel that
# has become slow is not asked faster than it answers.
_MOST_IN_HAND = 200
_SECONDS_IN_HAND = 3.0


@dataclass
class Voice:
    """What a sender knows of one channel; times are those of its own clock.

    *slack*: how much later than its slot a letter of this sender may have to go.
    """

    mouth: Mouth
    quiet_until: float = 0.0
    full_until: float = 0.0
    slack: float = LEAST_SLACK
    was_late: bool = False
    in_hand: set[int] = field(default_factory=set)

    @property
    def has_limit(self) -> bool:
        """Whether its letters need slots."""
        return self.mouth.pace.per_second > 0

    def has_room(self, now: float) -> bool:
        """Whether more letters may be claimed."""
        most = _MOST_IN_HAND
        if self.has_limit:
            most = int(self.mouth.pace.per_second * _SECONDS_IN_HAND)
        return now >= max(self.quiet_until, self.full_until) and len(self.in_hand) <= most

    def hush(self, until: float) -> None:
        """Say nothing before *until*."""
        self.quiet_until = max(self.quiet_until, until)

    def fill(self, until: float) -> None:
        """Claim nothing more before *until*."""
        self.full_until = max(self.full_until, until)

    def learn(self) -> None:
        """Ask for more slack after having been late, and slowly for less again."""
        wanted = self.slack * (2.0 if self.was_late else 0.95)
        self.slack = min(max(wanted, LEAST_SLACK), MOST_SLACK)
        self.was_late = False
