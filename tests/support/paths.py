"""Where things are."""
import os
import pathlib

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("ALOHA_BIN", SOURCE / "build/dev/bin")).resolve()
