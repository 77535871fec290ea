"""The memory: what is kept, sealed where it could harm someone. Knows no sentence."""
