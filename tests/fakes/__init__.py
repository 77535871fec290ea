"""Counterparts for tests: programs that behave as the platforms do, and are as strict."""
