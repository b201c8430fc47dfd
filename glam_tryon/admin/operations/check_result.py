"""What a check at the press of a button found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was asked, whether it is well, what came, and what to do where it is not.

    Neither a key nor a link stands in the words.
    """

    question: str
    is_well: bool
    words: str
    advice: str = ""
