"""What can stand in the way of a wish, each with the key of the sentence that says so."""


class Refusal(Exception):
    """The rules do not let this pass.

    *key* names the sentence to say; *facts* fill its gaps. A refusal holds no sentence and no
    personal data.
    """

    def __init__(self, key: str, /, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.facts: dict[str, object] = facts


class Unclear(Refusal):
    """What was typed cannot be read as an answer: ask again, with *choices* (their ids) added to
    the question.
    """

    def __init__(self, key: str, /, *, choices: tuple[str, ...] = (), **facts: object) -> None:
        super().__init__(key, **facts)
        self.choices = choices


class NotAllowed(Refusal):
    """The answer was understood, and the rules forbid it: say why."""
