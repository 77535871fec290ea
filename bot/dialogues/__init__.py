"""Every dialogue, in order: the table of contents of the bot."""

from importlib import import_module

CONTENTS = (
    "joining",
    "welcome",
    "greeting",
    "menu",
    "place",
    "device",
    "rights",
    "signing",
    "naming",
    "statement",
    "signing_page",
    "corrections",
    "status",
    "letters",
    "afterwards",
    "tips",
    "withdrawal",
    "not_me",
    "privacy",
    "joined",
    "erasing",
    "stopping",
    "request",
    "committee",
    "desk_invited",
    "desk",
    "desk_digest",
    "desk_late",
    "desk_places",
    "desk_card",
    "decisions",
    "decisions_petition",
    "decisions_dossier",
    "decisions_join",
    "decisions_request",
    "decisions_handing",
    "names",
    "operator",
    "operator_imports",
    "operator_letters",
    "guessing",
)


def load() -> None:
    """Register the steps, openings, forms and readers of every dialogue."""
    for name in CONTENTS:
        import_module(f"bot.dialogues.{name}")
