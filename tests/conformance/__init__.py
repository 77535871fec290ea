"""The conformance suite: every dialogue through every channel, with the same outcome everywhere."""
