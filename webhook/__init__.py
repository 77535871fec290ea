"""The door: HTTP, commands and wiring; the only place where everything meets."""
