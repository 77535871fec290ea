"""What stops a command: one clear line and a number for the shell, never a stack trace."""


class Trouble(Exception):
    """A command cannot do what it was asked; the text is one line for the operator.

    *code* is the exit code: 1 for something in the store or the file, 2 for a wrong setting.
    """

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class SettingTrouble(Trouble):
    """A setting is wrong or missing; the text names it."""

    def __init__(self, text: str) -> None:
        super().__init__(text, code=2)
