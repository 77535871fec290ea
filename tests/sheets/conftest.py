"""Lets the tests of import files share what makes such files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
