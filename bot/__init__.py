"""The conversation: what is heard, what is answered, and the one transaction between."""
