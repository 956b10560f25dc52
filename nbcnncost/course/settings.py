"""What a teacher sets once for a course."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nbcnncost.conventions import Convention, textbook
from nbcnncost.course import messages
from nbcnncost.course.diagnosis import STEPS
from nbcnncost.course.messages import say
from nbcnncost.errors import CostError
from nbcnncost.languages import language_here


@dataclass(frozen=True)
class Settings:
    """A course's choices.

    ``convention`` says what counts as what. ``salt`` is part of what variants are drawn from, so that each year has
    its own. ``highest_hint`` is how far feedback climbs in checks that are scored (4 would show the answer), and
    ``carried_share`` what part of the points an answer gets that follows from the student's own earlier error.
    ``lang`` is the language of questions and of what answers are told, ``"en"`` or ``"zh"``: the notebook's own (what
    ``%config CnnCostMagics.lang`` says) if none is given.
    """

    convention: Convention = textbook
    salt: str = ""
    highest_hint: int = STEPS - 1
    carried_share: float = 0.5
    lang: str = field(default_factory=language_here)

    def __post_init__(self) -> None:
        """More than all points would crash a grader."""
        share: Any = self.carried_share
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1:
            raise CostError(say(messages.NO_SHARE, share=repr(self.carried_share)))
        if self.highest_hint not in range(1, STEPS + 1):
            raise CostError(say(messages.NO_HINT, hint=repr(self.highest_hint)))
