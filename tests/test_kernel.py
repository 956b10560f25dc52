"""``%%cnncost`` in a real kernel: what a front end receives."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 120

CELL = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear({features}, 10)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
net = Net()"""
GOOD = CELL.format(features=8 * 30 * 30)
WRONG = CELL.format(features=400)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a kernel that has the extension loaded and ``nn`` imported."""
    manager = KernelManager()
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python"
    )
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    home = str(tmp_path_factory.mktemp("ipython"))
    manager.start_kernel(cwd=home, env={**os.environ, "IPYTHONDIR": home, "PYTHONPATH": path})
    made = manager.client()
    made.start_channels()
    made.wait_for_ready(timeout=TIMEOUT)
    loaded = run(made, "%load_ext nbcnncost")
    assert (loaded.status, loaded.outputs) == ("ok", [])
    assert run(made, "import torch\nfrom torch import nn").status == "ok"
    yield made
    made.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code, *, after_start=None, **options):
    """Execute code; gives the reply's status and content, and the outputs as (type, content)."""
    outputs = []

    def collect(message):
        kind = message["header"]["msg_type"]
        if kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append((kind, message["content"]))
        elif kind == "execute_input" and after_start is not None:
            after_start()

    reply = client.execute_interactive(code, output_hook=collect, timeout=TIMEOUT, **options)
    return SimpleNamespace(status=reply["content"]["status"], reply=reply["content"], outputs=outputs)


def kinds(done):
    """The types of a cell's outputs, in order."""
    return [kind for kind, _ in done.outputs]


def test_a_cell_gives_one_result_as_text_and_html(client):
    """The result is one output with text and HTML, no widget, and no message beside it."""
    done = run(client, f"%%cnncost -i 3,32,32\n{GOOD}")
    assert (done.status, kinds(done)) == ("ok", ["execute_result"])
    data = done.outputs[0][1]["data"]
    assert set(data) == {"text/plain", "text/html"}
    assert "72,010" in data["text/plain"], "7,200·10 weights and 10 biases"
    assert "72,010" in data["text/html"]
    assert "\x1b" not in data["text/plain"]


def test_the_cell_without_its_first_line_works(client):
    """Deleting the magic's line leaves a working cell, and the line magic then gives the same table."""
    above = run(client, f"%%cnncost -i 3,32,32\n{GOOD}")
    assert run(client, GOOD).status == "ok"
    line = run(client, "%cnncost net -i 3,32,32")
    assert line.outputs[0][1]["data"] == above.outputs[0][1]["data"]


def test_the_result_can_be_used(client):
    """``_``, an assignment and ``-o`` all give the report."""
    run(client, f"%%cnncost -i 3,32,32 -o kept\n{GOOD}")
    done = run(client, "first = _\nx = %cnncost net -i 3,32,32\nprint(first is kept, x.total.params)")
    assert [content["text"] for _, content in done.outputs] == ["True 72234\n"]


def test_views_are_one_result(client):
    """``--view`` decides what the result's HTML holds; the text stays the table."""
    shown = {}
    for view in ("table", "chart", "both"):
        done = run(client, f"%cnncost nn.Conv2d(3, 8, 3) -i 3,32,32 --view {view}")
        assert (done.status, kinds(done)) == ("ok", ["execute_result"])
        data = done.outputs[0][1]["data"]
        assert "224" in data["text/plain"]
        shown[view] = ("<table" in data["text/html"], "<img" in data["text/html"])
    assert shown == {"table": (True, False), "chart": (False, True), "both": (True, True)}


@pytest.mark.parametrize(
    "cell",
    [
        f"%%cnncost -i 3,32,32\n{GOOD};",
        f"%%cnncost -i 3,32,32 -q\n{GOOD}",
        "%cnncost nn.Linear(3, 4);",
        "x = %cnncost nn.Linear(3, 4)",
        f"%%capture out\n%%cnncost -i 3,32,32\n{GOOD}",
    ],
)
def test_what_is_to_be_silent_is_silent(client, cell):
    """``;``, ``-q``, an assignment and ``%%capture`` leave the cell without any output."""
    done = run(client, cell)
    assert (done.status, done.outputs) == ("ok", [])


def test_capture_keeps_the_report(client):
    """``%%capture`` above the magic captures the report like any other result."""
    run(client, f"%%capture out\n%%cnncost -i 3,32,32\n{GOOD}")
    done = run(client, "print(len(out.outputs), 'text/html' in out.outputs[0].data)")
    assert done.outputs[0][1]["text"] == "1 True\n"


def test_time_above_the_magic(client):
    """``%%time`` above the magic prints its times and lets the report through."""
    done = run(client, f"%%time\n%%cnncost -i 3,32,32\n{GOOD}")
    assert (done.status, kinds(done)) == ("ok", ["stream", "execute_result"])


def test_a_usage_error_is_one_line_on_stderr(client):
    """A wrong option fails the cell, and is told in one line on stderr."""
    done = run(client, f"%%cnncost --bacth 3\n{GOOD}")
    assert done.status == "error"
    assert done.reply["ename"] == "UsageError"
    assert [(kind, content.get("name")) for kind, content in done.outputs] == [("stream", "stderr")]
    assert done.outputs[0][1]["text"].rstrip("\n") == (
        "UsageError: there is no option --bacth; did you mean --batch? (%cnncost? shows them all)"
    )


def test_a_shape_error_is_one_line_below_the_layers_so_far(client):
    """A model whose layers don't fit fails the cell: the table up to there, then an error of one line."""
    done = run(client, f"%%cnncost -i 3,32,32\n{WRONG}")
    assert (done.status, kinds(done)) == ("error", ["display_data", "error"])
    assert "text/html" in done.outputs[0][1]["data"]
    error = done.outputs[1][1]
    assert error["ename"] == "ShapeError"
    assert len(error["traceback"]) == 1
    assert "expects 400 features but receives 7200" in error["traceback"][0]


def test_an_error_of_the_user_has_the_notebooks_lines(client):
    """The traceback of a failing cell names its cell and its line, not our files."""
    done = run(client, "%%cnncost\n\nx = 1\n\n1/0")
    assert (done.status, kinds(done)) == ("error", ["error"])
    error = done.outputs[0][1]
    text = "\n".join(error["traceback"])
    assert error["ename"] == "ZeroDivisionError"
    assert f"In[{done.reply['execution_count']}]" in text
    assert "line 5" in text
    assert "nbcnncost" not in text


def test_a_syntax_error_fails_the_cell(client):
    """A cell that Python cannot read fails with its line."""
    done = run(client, "%%cnncost\nx = 1\nif x\n    y")
    assert (done.status, kinds(done)) == ("error", ["error"])
    text = "\n".join(done.outputs[0][1]["traceback"])
    assert "line 3" in text
    assert "nbcnncost" not in text


def test_await_gets_a_sentence(client):
    """A cell with a top-level ``await`` is told what to do."""
    done = run(client, "%%cnncost\nimport asyncio\nawait asyncio.sleep(0)")
    assert (done.status, kinds(done)) == ("error", ["stream"])
    assert "cannot await" in done.outputs[0][1]["text"]


def test_an_interrupt_stops_the_cell(client):
    """The stop button stops a cell under the magic; the next cell works."""

    def stop():
        time.sleep(1)
        client.parent.interrupt_kernel()

    done = run(client, "%%cnncost\nimport time\nfor i in range(600):\n    time.sleep(0.1)", after_start=stop)
    assert (done.status, done.reply["ename"]) == ("error", "KeyboardInterrupt")
    assert run(client, "%cnncost nn.Linear(3, 4)").status == "ok"


def asked(client, message):
    """The content of the reply to a request on the shell channel."""
    while True:
        reply = client.get_shell_msg(timeout=TIMEOUT)
        if reply["parent_header"].get("msg_id") == message:
            return reply["content"]


def test_tab_completes_our_options(client):
    """Completion gives exactly the choices of an option, and the options and Modules of a fresh line."""
    run(client, GOOD)
    code = "%cnncost net --view "
    reply = asked(client, client.complete(code, len(code)))
    assert reply["matches"] == ["table", "chart", "both"]
    assert reply["cursor_start"] == reply["cursor_end"] == len(code)
    code = f"%%cnncost --co\n{GOOD}"
    reply = asked(client, client.complete(code, len("%%cnncost --co")))
    assert reply["matches"] == ["--convention", "--compare", "--columns"]
    code = "%cnncost ne"
    assert asked(client, client.complete(code, len(code)))["matches"] == ["net"]


def test_help_is_there(client):
    """``%cnncost?`` opens the pager with the options; so does an inspection."""
    done = run(client, "%cnncost?")
    page = done.reply["payload"][0]["data"]["text/plain"]
    assert "--convention" in page
    assert "%%cnncost -i 3,224,224" in page
    assert asked(client, client.inspect("%cnncost", 5))["found"]


def test_without_history_everything_works(client):
    """Cells run without being stored, as nbval does: errors still have their lines, ``-q`` still is quiet."""
    done = run(client, "%%cnncost\n\nx = 1\n1/0", store_history=False)
    assert "line 4" in "\n".join(done.outputs[0][1]["traceback"])
    assert run(client, "%cnncost nn.Linear(3, 4) -q", store_history=False).outputs == []
    assert kinds(run(client, "%cnncost nn.Linear(3, 4)", store_history=False)) == ["execute_result"]
