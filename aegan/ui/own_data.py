"""One's own images, from the upload until a run takes them: in memory, few, and for a short time."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Any

import numpy as np

from aegan.config import UserError
from aegan.data import Dataset
from aegan.images import image_grid
from aegan.ui.figures import data_uri
from aegan.ui.hosting import decode_base64
from aegan.uploads import FEW, Checked, UploadLimits, check_upload

SHEET = 48  # pictures of the contact sheet
BUSY = "Somebody else's images are being read: try again in a moment."
LOST = "Your own images are no longer here: choose them again."


class OwnData:
    """The images that visitors brought, each set under a token that only its visitor's page has."""

    def __init__(self, limits: UploadLimits) -> None:
        self.limits = limits
        self._reading, self._lock = threading.Lock(), threading.Lock()
        self._held: OrderedDict[str, tuple[Dataset, threading.Timer]] = OrderedDict()

    def read(self, request: Any) -> dict[str, Any]:
        """Checks what a visitor brought and keeps it for a run.

        Args:
            request: {"files": [{"name", "data": base64}], "size": 28, 32, 64 or None, "channels": 1, 3 or None}.

        Raises:
            UserError: for a request that is not of this form, or images that `check_upload` refuses.
        """
        if not self._reading.acquire(timeout=3):  # pictures can be large: one set at a time
            raise UserError(BUSY)
        try:
            checked = check_upload(self._files(request), self.limits, request.get("size"), request.get("channels"))
        finally:
            self._reading.release()
        return {"own": self.keep(checked.data), **describe(checked)}

    def _files(self, request: Any) -> list[tuple[str, bytes]]:
        files = request.get("files") if isinstance(request, dict) else None
        if not isinstance(files, list) or not 0 < len(files) <= 2 * self.limits.images:
            raise UserError(f"Choose a zip, or up to {self.limits.images:,} pictures.")
        if not all(isinstance(file, dict) and isinstance(file.get("name"), str) for file in files):
            raise UserError("Each file needs a name and its data.")
        return [(file["name"][:300], decode_base64(file["data"]) if file.get("data") else b"") for file in files]

    def keep(self, data: Dataset) -> str:
        token = secrets.token_urlsafe(16)
        with self._lock:
            while len(self._held) >= self.limits.held:
                self._held.popitem(last=False)[1][1].cancel()
            self._hold(token, data)
        return token

    def get(self, token: Any) -> Dataset | None:
        """The images of that token, or None where there is none yet.

        Raises:
            UserError: when they were kept for too long, or are not that visitor's.
        """
        if token is None:
            return None
        with self._lock:
            data, timer = self._held.pop(token, (None, None)) if isinstance(token, str) else (None, None)
            if data is None or timer is None:
                raise UserError(LOST)
            timer.cancel()
            self._hold(token, data)
        return data

    def _hold(self, token: str, data: Dataset) -> None:
        timer = threading.Timer(self.limits.held_seconds, self._forget, (token,))
        timer.daemon = True
        timer.start()
        self._held[token] = data, timer

    def _forget(self, token: str) -> None:
        with self._lock:
            self._held.pop(token, None)


def describe(checked: Checked) -> dict[str, Any]:
    """What the page says of images that were read; of the visitor's names, nothing."""
    data = checked.data
    every = max(1, len(data.train) // SHEET)
    sheet = np.ascontiguousarray(data.train[::every][:SHEET])
    return {
        "sheet": data_uri(image_grid(sheet, min(8, len(sheet)), padding=1)),
        "train": len(data.train),
        "test": len(data.test),
        "size": data.img_resolution,
        "channels": data.img_channels,
        "skipped": {reason: count for reason, count in checked.skipped.items() if count},
        "example": checked.example,
        "flat": checked.flat,
        "few": len(data.train) < FEW,
    }
