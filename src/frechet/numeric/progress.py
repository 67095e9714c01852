"""A progress line on a terminal, for work that takes long enough to wonder."""

from __future__ import annotations

import sys
import time
from typing import Any

_PATIENCE = 1.0  # seconds before anything is shown
_WIDTH = 30


class Progress:
    """`shown` None: only where standard error is a terminal; True and False decide it."""

    def __init__(self, shown: bool | None = None, stream: Any = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.shown = bool(self.stream and self.stream.isatty()) if shown is None else shown
        self.total = 0
        self.began = self.last = 0.0
        self.drawn = False

    def start(self, total: int) -> None:
        self.total, self.began, self.last = total, time.monotonic(), 0.0

    def show(self, done: int) -> None:
        """Redraw, ten times a second at most, once the work has taken a second."""
        now = time.monotonic()
        if not self.shown or now - self.began < _PATIENCE or now - self.last < 0.1:
            return
        self.last, self.drawn = now, True
        filled = _WIDTH * done // max(1, self.total)
        self.stream.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{self.total}")
        self.stream.flush()

    def stop(self) -> None:
        """Leave a clean line behind."""
        if self.drawn:
            self.stream.write("\r" + " " * (_WIDTH + 24) + "\r")
            self.stream.flush()
        self.drawn = False
