"""The Bot API's side of the fake Telegram; its programme is `fakes/telegram.py`."""
