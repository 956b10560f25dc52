"""What a check says, to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from nbcnncost.course.diagnosis import Diagnosis


@dataclass(frozen=True)
class Verdict:
    """The sentences about one answer; ``diagnosis`` is ``None`` where it was no number. ``points`` is a plain float."""

    sentences: tuple[str, ...]
    diagnosis: Diagnosis | None
    points: float = 0.0

    @property
    def is_right(self) -> bool:
        """Whether the answer is right."""
        return self.diagnosis is not None and self.diagnosis.is_right

    @property
    def text(self) -> str:
        """All sentences, each on its line."""
        return "\n".join(self.sentences)

    def __repr__(self) -> str:
        return f"{'✓' if self.is_right else '✗'} {self.text}"

    def _repr_html_(self) -> str:
        first, *others = map(escape, self.sentences)
        mark = "✓" if self.is_right else "✗"
        lines = "".join(f"<br>{line}" for line in others)
        opening = '<div class="nbcnncost tex2jax_ignore mathjax_ignore">'
        return f"{opening}<p>{mark} <strong>{first}</strong>{lines}</p></div>"
