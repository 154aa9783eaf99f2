"""What the generators of reference chapters share."""

import pathlib
import sys

GUIDE = pathlib.Path(__file__).resolve().parent
ROOT = GUIDE.parents[1]


def settle(chapter, text, command):
    """Writes the chapter, or with --check compares it; returns the exit code. `command`: what brings it up to date."""
    output = GUIDE / chapter
    if "--check" not in sys.argv:
        output.write_text(text)
    elif output.read_text() != text:
        print(f"deploy/guide/{chapter} is not up to date: run {command}")
        return 1
    return 0


def cell(text):
    """Text as it may stand in a table."""
    return text.replace("|", "\\|")
