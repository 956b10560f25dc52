"""axe-core, which knows what keeps people from using a page: https://github.com/dequelabs/axe-core."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe


def serious(page, selector: str = ".cnncost") -> list[str]:
    """One line for each serious or critical violation inside an element, with the elements it was found at."""
    found = Axe().run(page, context=selector).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {violation['help']}: {node['html'][:300]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
