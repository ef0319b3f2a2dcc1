"""What may fall due."""

from __future__ import annotations

from enum import StrEnum


class Due(StrEnum):
    """What falls due."""

    ACCEPT = "accept"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    VISIT = "visit"
    REPORT_IN = "report_in"
    HOLD = "hold"
    HOLD_APPROVAL = "hold_approval"
