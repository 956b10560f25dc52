"""Which language the notebook around has."""

from __future__ import annotations

import sys


def language_here() -> str:
    """The language that is set by ``%config CnnCostMagics.lang``; English where there is no notebook."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    manager = getattr(get_ipython and get_ipython(), "magics_manager", None)
    magics = getattr(manager, "registry", {}).get("CnnCostMagics")
    lang: str = getattr(magics, "lang", "en")
    return lang
