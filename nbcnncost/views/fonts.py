"""Which language a chart can be drawn in: matplotlib's own font has no Chinese characters."""

from __future__ import annotations

from types import MappingProxyType

from matplotlib.font_manager import fontManager

from nbcnncost.languages import LANGUAGES

#: Fonts with a language's characters, as systems and their packages name them; the first that is there is taken.
_FAMILIES = MappingProxyType(
    {
        "zh": (
            *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans CJK JP"),
            *("PingFang SC", "Hiragino Sans GB", "Heiti SC", "STHeiti", "Microsoft YaHei", "SimHei", "DengXian"),
            *("WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback", "Arial Unicode MS", "SimSun"),
            *("Noto Serif CJK SC", "AR PL UMing CN", "AR PL UKai CN"),
        )
    }
)


def font_of(lang: str) -> str | None:
    """The font for what matplotlib's own lacks; ``None`` where the system has none, or none is needed."""
    there = {entry.name for entry in fontManager.ttflist}
    return next((name for name in _FAMILIES.get(lang, ()) if name in there), None)


def drawn_language(lang: str) -> str:
    """The language of a chart's labels: the one that is asked for, or English where no font could show it."""
    return lang if font_of(lang) is not None else LANGUAGES[0]
