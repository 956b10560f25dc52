"""The panel's script and style sheet: the files of ``static/``, after what all scripts share, in one packed module.

A notebook keeps the module with every panel that it stores. So lines that only authors need are left out, and what
remains is compressed: a few lines of script unpack it, with nothing but what every browser has. What the panel says
of a model is packed in the same way.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from functools import cache
from pathlib import Path

from nbcnncost.front import ELEMENTS, lines_of

_FOLDER = Path(__file__).parent / "static"
#: The files in their order; each later one may use what the earlier ones define.
SCRIPTS = (
    "base.js",
    "table.js",
    "toolbar.js",
    "bars.js",
    "treemap.js",
    "details.js",
    "what_if.js",
    "main.js",
)
SHEETS = ("panel.css", "side.css")

_UNPACKING = """\
const packed = Uint8Array.from(atob("{packed}"), (letter) => letter.charCodeAt(0));
const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
const script = new Blob([await new Response(unpacked).blob()], {{ type: "text/javascript" }});
const address = URL.createObjectURL(script);
const {{ default: panel }} = await import(address);
URL.revokeObjectURL(address);
export default panel;
"""


@cache
def module() -> str:
    """The one module that a front end loads."""
    return _UNPACKING.format(packed=packed(script()))


def packed(text: str) -> str:
    """A text in a few letters; for the same text the same ones, as long as zlib is the same build."""
    return b64encode(zlib.compress(text.encode(), 9)).decode()


@cache
def script() -> str:
    """What the module unpacks: all scripts, and the sheet as their ``SHEET``."""
    lines = lines_of(ELEMENTS, *(_FOLDER / name for name in SCRIPTS))
    return "\n".join([f"const SHEET = {json.dumps(sheet(), ensure_ascii=False)};", *lines])


@cache
def sheet() -> str:
    """The one style sheet."""
    return "\n".join(lines_of(*(_FOLDER / name for name in SHEETS)))
