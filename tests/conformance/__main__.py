"""Print the conformance table: every dialogue through every channel, in one run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
