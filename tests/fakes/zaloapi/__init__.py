"""The parts of the fake Zalo: OAuth, OpenAPI, Bot Platform, people and what they do."""
