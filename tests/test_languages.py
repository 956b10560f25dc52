"""What the package says in Chinese: all of it, in order, and nothing that is a name or a number."""

from __future__ import annotations

import ast
import html
import json
import re
import warnings
import zlib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import nbformat
import pytest
import shells
import torch
from IPython.core.error import UsageError
from IPython.utils.capture import capture_output
from torch import nn
from traitlets import TraitError
from traitlets.config import Config

import nbcnncost
from nbcnncost import compare, cost, course
from nbcnncost.catalogue import CATALOGUE
from nbcnncost.conventions import CONVENTIONS, PEERS
from nbcnncost.course import messages
from nbcnncost.course.generators import wording
from nbcnncost.course.mistakes import RATIO_MISTAKES
from nbcnncost.errors import CostError, ShapeError, UncountedOpWarning
from nbcnncost.languages import LANGUAGES, catalogue, speaker, translate, words
from nbcnncost.languages.templates import Template
from nbcnncost.languages.zh.panel import PANEL
from nbcnncost.magic import CnnCostMagics
from nbcnncost.magic.options import DESCRIPTION, OPTIONS
from nbcnncost.panel import LayerChange, Panel, WhatIf
from nbcnncost.symbols import SYMBOLS
from nbcnncost.views import fonts
from nbcnncost.views.wrapping import width, wrap

PACKAGE = Path(nbcnncost.__file__).parent
CHINESE = catalogue("zh")
zh = speaker("zh")

# Words of no language: units, names of layers, tools, functions, people and options, and what stands in formulas.
_NAMES = """
act Adam adam AdamW adamw add add_ addcdiv addcmul addmm all alpha area aten await Ba backward_inputs
backward_weights baddbmm bars batch batch_norm batch_size bfloat16 bias_additions Bilinear bmm both calflops calls
cell CELU chart Cholesky clamp class CNN cnncost CnnCostMagics col2im COLUMN columns compare comparison comparisons
config Conv conv2d convention Cooley cos count CPU DeepSpeed deepspeed DEPTH depth diff dot_products dropout dtype
DTYPE dtypes einsum einsum_path ELU en eps erf eval everything execute exp explain ExportedProgram EXPR expression
False FFTW float float16 float32 float64 FLOP flop_counter_mode FlopCounterMode flops FLOPs flops_share folded
formulas FORMULAS forward from_numpy frozen fvcore GELU GFLOPs Golub grid_sample gru GRU hardshrink hardsigmoid
hardswish hardtanh HEIGHT help Huber Hutter im2col image inplace input input-grad input_data input_grad input_size
int32 int64 integer_macs IPython Kingma labels lang LANG large layer layers LeakyReLU LENGTH lerp linear Linear LIST
load_state_dict Loan log logit logits logsigmoid Loshchilov LSTM lstm LU MAC MACs macs macs_share magic margin mask
matmul max medium mish mm MODE mode model MODEL models module Module momentum mult-adds MultiheadAttention name NAME
nearest-exact net Net net_a net_b nets nn None none numpy optimizer other out output padding panel paper params
params_share pos_weight PReLU proj_size ptflops ptflops_aten Python pytorch PyTorch quiet Re recomputed relu ReLU
relu6 ReLU6 report resnet18 resnet50 RMS RNN rnn_relu rnn_tanh RoI rule same sampling_ratio
scaled_dot_product_attention scatter self SELU Sequential sgd SGD shape SHAPE share sigmoid SiLU size small softmax
softplus softshrink sort specials state_dict step step_share table tanh tensordot textbook thop timm top torch
torchinfo torchprofile TorchScript torchvision train training TransformerEncoderLayer True Tukey type uncounted
elements predict Upsample valid VALUE Van VAR VIEW view WIDTH with_look with_rules x3 zh
"""
NAMES = frozenset(_NAMES.split())


def english_in(text: str) -> list[str]:
    """The words of a text that belong to English, and not to everybody."""
    code = r"\w[\w.]*\.[\w.]*\w(\([^()]*\))?|\w+\([^()]*\)|\w+=\S+|\S*\d\S*"
    symbols = r"\b[A-Za-z]_?\w*_\w+|\b\w{1,2}\b"  # H_out, K_h, n_in, x
    bare = re.sub(symbols, " ", re.sub(code, " ", text))
    return [word for word in re.findall(r"[A-Za-z][\w-]*[A-Za-z0-9]", bare) if word not in NAMES]


# All that is written has an entry


def docstrings(tree: ast.AST) -> set[int]:
    """The nodes that document something."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, owners) and node.body]
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


def written_in(path: Path) -> Iterator[tuple[int, str]]:
    """Each text of a module with its line; a hole in it is a 7."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    out = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            out.add(id(node.func.value))  # a list of names
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            out |= {id(part) for part in node.values}
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in out:
            yield node.lineno, node.value


def is_prose(text: str) -> bool:
    """Whether a text is for people: two English words beside each other, and no markup, pattern or signature."""
    return bool(re.search(r"[A-Za-z]{2,}[,;:]? [a-z]{2,}|[a-z]{2,} [0-9]|[0-9] [a-z]{3,}", text)) and not re.search(
        r"</|<t|style=|class=|\\|::|\|.*\||^gradient at|^offset points|^lower left", text
    )


def is_list_of_operations(text: str) -> bool:
    """Whether a text is the names of a framework's operations."""
    return all("_" in name or hasattr(torch.ops.aten, name) for name in text.split())


# Modules whose texts are collected from what they define (below), or are other people's: names, what a framework says.
ELSEWHERE = {
    "kinds.py": "FORMULAS",
    "quantized_kinds.py": "FORMULAS",
    "backward.py": "CATALOGUE",
    "family_gradients.py": "CATALOGUE",
    "pieces.py": "CATALOGUE",
    "optimizers.py": "CATALOGUE",
    "symbols.py": "SYMBOLS",
    "work.py": "names alone",
    "quantized.py": "names alone",
    "rows.py": "its __repr__, which is Python's",
    "units.py": "a doctest's noun",
    "__init__.py": "Python's own words for an attribute that is not there",
}
FOLDERS_ELSEWHERE = ("families", "languages", "course")
#: Texts that no user reads, and what is only looked for in a framework's words.
UNSEEN = (
    "an entry has a row on one side at least",
    "unreachable: every number from 1000 has a prefix",
    "not arithmetic: 7",
    "Tensor | None",
    "more than 1 value per channel",
    "meta tensors",
    "expected all tensors",
    "expected an input with",
    "the kernel can't be greater",
    "a sparse tensor has no strides",
    "mat1 and mat2 shapes",
    "without values",
    "same dtype",
    "same device",
    "too small",
    "Glyph ",
    "recurrent, steps first",
    "What it gets wrong",
    "Rules: ",
    "from nbcnncost import cost",
    "from torch import nn",
    "import copy",
    "import torch",
    "const packed",
    "Panel of 7: ",
    "module 'nbcnncost.panel' has no attribute",
)
#: What a panel's state is made of, in messages.
READ = ("what-if", "view", "change of a layer")
#: Texts whose holes hold words of ours, with what they become.
GLUED = {
    "there is no optimizer 77 there are: 7, or None": (
        "there is no optimizer 'x'; did you mean adam? there are: sgd, adam, or None",
        "there is no optimizer 'x'; there are: sgd, adam, or None",
    ),
    "there is no convention 77 there are: 7": (
        "there is no convention 'x'; did you mean thop? there are: thop",
        "there is no convention 'x'; there are: thop",
    ),
    "7 has no choice 7; 7 are 7": (
        "--view has no choice 'x'; did you mean chart? There are table, chart",
        "--view has no choice 'x'; there are table, chart",
    ),
    "7 wants a whole number from 17, not 7": (
        "--batch wants a whole number from 1, not 'x'",
        "--depth wants a whole number from 1 or all, not 'x'",
    ),
    "77 change the input to 7": (
        "`fc` (Linear) expects 4 features but receives 8; give it in_features=8 or change the input to 1×4",
        "`relu` (MaxPool2d) has a window of 5×5 but receives only 3×3 (4×4 with padding); change the input to 3×8×8",
    ),
    "expects 7 but receives 7 (of 7)": ("`c` (Conv2d) expects 3 input channels but receives 1 (of 1×1×28×28)",),
    "7, no bias": ("no bias",),
    ", no bias": ("no bias",),
    "7 of 7": ("FLOPs of the training step", "MACs of weights' gradients"),
    "7, else the same7": ("renamed, else the same", "12 layers renamed, else the same but for shapes"),
    "7 of 7 rows are folded away7; 7": (
        "30 of 84 rows are folded away inside 3 containers marked ▸; -d all, or with_look(depth=4), shows all",
        "9 of 84 rows are folded away in “other”; -d all, or with_look(depth=4), shows all",
    ),
    "7 (0 by rule)": ("53 convolutions, 4 data movements (0 by rule); 2 operations with no rule: relu, relu backward",),
    "7, input 7: 7 7 by 77": (
        "Net, input 1×3×8×8: 1.23 M FLOPs by layer, textbook",
        "Net, input 1×3×8×8: 11.2 k parameters by type",
        "Net, input 1×3×8×8: ? MACs a training step by layer, macs",
    ),
    "7 has no column": ("Net has no column 'x'; there are: params, …", "Net has no column 'x'; did you mean macs?"),
    "7 has no layer of type": ("Net has no layer of type 'x'; there are: Conv2d",),
    "7 has no row": ("Net has no row 'x'; did you mean conv1 or conv2?",),
    "a panel cannot be sorted by": ("a panel cannot be sorted by 'x'; there are: params, macs",),
    "7 now holds the report7": (
        "a now holds the report",
        "a now holds the report; what it held before (float) is gone from there",
    ),
    "; what it held before (7) is gone from there": (),
    "7 of the training step": ("FLOPs of the training step",),
    "a 7 is a dict with: 7; not 7": tuple(f"a {what} is a dict with: a, b; not 1" for what in READ),
    "a 7 has no 7; it has: 7": tuple(f"a {what} has no 'c'; it has: a, b" for what in READ),
    "7 of a 7 cannot be 7": tuple(f"a of a {what} cannot be 1" for what in READ),
    "change of a layer": (),
    "7 cannot be read: 7": ("nbcnncost.json cannot be read: 7",),
    '7 holds settings by their names, as {"lang": "zh"}, not 7': (
        'nbcnncost.json holds settings by their names, as {"lang": "zh"}, not 7',
    ),
    "the dtype cannot be 7: 7": (
        "the dtype cannot be 'x': it is one of float32, float16",
        "the dtype cannot be 'x': these weights keep theirs",
    ),
    "it is one of 7": (),
    "these weights keep theirs": (),
    "7 renamed": ("12 layers renamed", "1 layer renamed"),
    "7 (7) 7 by 7": ("96,000 (96.0 k) FLOPs by textbook", "96,000 (96.0 k) FLOPs a training step by textbook"),
    "7, input 77: 7": (
        "Net, input 1×3×8×8: from textbook to thop",
        "Net, input 1×3×8×8, a training step: from textbook to thop",
        "Net, input 1×3×8×8, the forward of a training step: from textbook to thop",
    ),
}


def sentences() -> dict[str, list[str]]:
    """Every text for people that a module of the package writes, by module."""
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name in ELSEWHERE or name.startswith(FOLDERS_ELSEWHERE):
            continue
        if name.startswith("conventions/") and path.stem not in ("base", "peer", "__init__", "hooked", "graph"):
            continue  # what tools are and do: below, by the conventions themselves
        for _, text in written_in(path):
            if is_prose(text) and not is_list_of_operations(text) and not any(unseen in text for unseen in UNSEEN):
                found.setdefault(name, []).extend(GLUED.get(text, (text,)))
    return found


SENTENCES = sentences()


def test_sentences_are_found():
    """What the test below relies on."""
    assert len(SENTENCES) > 50
    assert sum(map(len, SENTENCES.values())) > 500


@pytest.mark.parametrize("module", SENTENCES)
def test_every_sentence_of_the_code_has_chinese_words(module):
    """A message, header, note or help text that is written somewhere is found in the catalogue."""
    assert not missing(SENTENCES[module]), "add to nbcnncost/languages/zh"


def missing(texts: Iterable[str]) -> list[tuple[str, str]]:
    """The texts that have no Chinese words, alone or behind the name of what they are about, or keep one of English."""
    found = []
    for text in texts:
        said = next((said for said in (zh(text), zh(f"7 {text}")) if said not in (text, f"7 {text}")), text)
        if said == text or english_in(said):
            found.append((text, said))
    return found


def defined() -> Iterator[str]:
    """Every text that formulas, symbols, conventions and options bring along."""
    for formula in CATALOGUE.values():
        yield from (formula.title, formula.why, formula.source)
    yield from SYMBOLS.values()
    yield from (convention.title for convention in CONVENTIONS.values())
    for peer in PEERS:
        yield from (*peer.faults.values(), *peer.choices.values(), peer.says)
    yield DESCRIPTION
    yield from (option.help for option in OPTIONS)
    yield from (trait.help for name, trait in CnnCostMagics.class_traits(config=True).items())


def test_every_formula_symbol_convention_and_option_has_chinese_words():
    """What is shown of the package's tables leaves no English word."""
    texts = sorted(set(filter(None, defined())))
    assert len(texts) > 800
    assert not [(text, zh(text)) for text in texts if english_in(zh(text))], "add to nbcnncost/languages/zh"


# The catalogue itself


def holes(template: str) -> set[str]:
    """The names of a template's holes."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def test_both_templates_have_the_same_holes():
    """Nothing that stands in an English sentence is lost, and nothing is asked for that is not there."""
    for english, chinese in CHINESE.items():
        assert holes(english) == holes(chinese) or "{" not in english, english
        assert Template(english, chinese).kinds.keys() == (holes(chinese) if "{" in english else set()), english


#: What may stand in each kind of hole.
HELD = {
    "": "'x'",
    "text": "the forward of Net",
    "word": "adds",
    "phrase": "input",
    "layer": "`c` (Conv2d)",
    "list": "added",
    "either": "one gate counted",
    "choice": "a or b",
    "tally": "5 convolutions",
    "noun": "convolutions",
    "topic": "grouped",
    "name": "Net",
    "convention": "macs",
    "code": "a: b; c",
    "number": "3",
    "amount": "1.2 k",
    "shape": "1×3×8",
}
OPEN = [(english, chinese) for english, chinese in CHINESE.items() if "{" in english and not english.startswith("#")]


@pytest.mark.parametrize(("english", "chinese"), OPEN)
def test_no_sentence_is_taken_for_another(english, chinese):
    """Filled, each template is found again itself: never one with a hole that takes in the rest."""
    parts = [(text.replace("(s)", "s"), name, kind or "") for text, name, kind, _ in Formatter().parse(english)]
    finished = "".join(text + (HELD[kind] if name is not None else "") for text, name, kind in parts)
    assert zh(finished) == Template(english, chinese).said(finished, zh)


def test_no_sentence_has_two_translations():
    """Each English template stands in the catalogue's files once, so that none overrides another."""
    seen: dict[str, str] = {}
    for path in sorted((PACKAGE / "languages" / "zh").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for key in node.keys if isinstance(node, ast.Dict) else ():
                if isinstance(key, ast.Constant):
                    assert key.value not in seen, f"{key.value!r} stands in {path.name} and {seen[key.value]}"
                    seen[key.value] = path.name
    assert seen.keys() == {*CHINESE, *PANEL}


FINISHED = {
    "LeNet has no layer 'fc9' in this report; close to it: fc1, fc2": (
        "在这份报告中，LeNet 没有名为 'fc9' 的层；相近的有：fc1, fc2"
    ),
    "`fc1` (Linear) expects 400 features but receives 256 (from 1×16×4×4 flattened); give it in_features=256 "
    "or change the input to 1×1×32×32": (
        "`fc1` (Linear) 需要 400 个特征，但收到 256 个（由 1×16×4×4 展平而来）；请把它的 in_features 改为 256，"
        "或把输入改为 1×1×32×32"
    ),
    "net_b: all parameters of Net are frozen": "net_b：Net 的参数全部冻结",
    "53 convolutions, 1 fully connected layer; none without a rule": "卷积 53 次、全连接层 1 次；所有运算都有规则",
    "layers by parameters, largest first": "各层，按参数量从大到小",
    "layers by FLOPs, largest first": "各层，按 FLOPs 从大到小",
    "the forward of Net adds 1×4×6×6 and 1×4×4×4, which differ in dimension 2 (height): 6 and 4": (
        "Net 的 forward 把 1×4×6×6 与 1×4×4×4 相加，但两者第 2 维（高度）不同：6 与 4"
    ),
    "the forward of Net cannot view 2×6 (12 elements) as ?×7 (a multiple of 7 elements); change the input to 1×7": (
        "Net 的 forward 无法把 2×6（12 个元素）变形为 ?×7（元素个数须为 7 的倍数）；请把输入改为 1×7"
    ),
    "--input: cannot read the shape '$x'; write it as 1,3,224,224 or 3x224x224; a variable is written $x": (
        "--input：无法读懂形状 '$x'；请写成 1,3,224,224 或 3x224x224；变量写成 $x"
    ),
    "--rule: bias_additions is a kind of elementary operation; its rule is a whole number, not 'x: 1'": (
        "--rule：bias_additions 是一种基本运算；其规则应为整数，不能是 'x: 1'"
    ),
    "the forward of Net takes (x: Tensor, mask: Tensor), which the inputs do not match: "
    "missing a required argument: 'mask'": (
        "Net 的 forward 的参数为 (x: Tensor, mask: Tensor)，与所给输入不符：缺少参数 'mask'"
    ),
    "batch normalization, gradient of the input: not counted": "批量归一化，输入的梯度：不计",
    "eval mode → train mode, training step (adam)": "eval 模式 → train 模式，训练步（adam）",
    "230 k FLOPs (textbook) → 115 k MACs (macs)": "230 k FLOPs（textbook） → 115 k MACs（macs）",
    "? Net（前向传播） has operations without a rule, left out of its numbers: relu backward": (
        "? Net（前向传播）中有些运算没有规则，未计入其数字：relu 反向"
    ),
    "FLOPs (textbook) against parameters, 3 models": "FLOPs（textbook）与参数量，3 个模型",
    "Net has no row 'blok'; did you mean block or block.1?": "Net 没有 'blok' 这一行；是不是想写 block 或 block.1？",
    "grouped of ada, by the convention macs:": "分组卷积（ada），按计数约定 macs：",
    "grouped": "grouped",
    "fc: how many times as many parameters does the first take as the second?": (
        "fc：第一个方案的参数量是第二个的多少倍？"
    ),
    "fc: how many times as many MACs does the first take as the second?": "fc：第一个方案的 MACs 是第二个的多少倍？",
    "this layer cannot be built: a kernel of 11 (dilation 1) does not fit into 9 + 2·0 positions": (
        "无法构建这一层：大小为 11（膨胀率 1）的卷积核放不进 9 + 2·0 个位置"
    ),
    "training step: 1,234 FLOPs = 前向 400 + 反向 834; 3.08× forward": (
        "训练步：1,234 FLOPs = 前向 400 + 反向 834；为前向传播的 3.08 倍"
    ),
}


@pytest.mark.parametrize(("english", "chinese"), FINISHED.items())
def test_a_finished_sentence_is_said_in_chinese(english, chinese):
    """Names, shapes, numbers and code are taken over; the words around them are Chinese."""
    assert zh(english) == chinese


@pytest.mark.parametrize("text", ["conv1", "layer1.0.conv2", "1×3×224×224", "3×3, s2, p1", "Conv2d", "1,814,073,344"])
def test_names_and_numbers_stay(text):
    """What is no sentence of ours is nobody's to translate."""
    assert zh(text) == text


def test_a_frameworks_own_words_stay():
    """An error message of the framework, or of the user's code, is shown as it was written."""
    message = "mat1 and mat2 shapes cannot be multiplied (1x2 and 3x4)"
    assert zh(message) == message


@pytest.mark.parametrize("text", [*list(CHINESE)[:40], "no entry at all"])
def test_english_is_the_text_itself(text):
    """Without another language nothing is looked up."""
    assert translate(text, "en") is text


@pytest.mark.parametrize("mark", ["; ", ": "])
def test_a_long_text_of_somebody_elses_is_kept_in_a_sentence_of_ours(mark):
    """What a framework or a user's own error says may be anything; it is not tried piece by piece."""
    text = mark.join(f"x{at}" for at in range(400))
    assert zh(text) == text
    assert zh(f"this layer cannot be built: {text}") == f"无法构建这一层：{text}"


def test_words_for_others():
    """A front end gets its own words as a dict."""
    said = words("zh", ["layer", "conv1", "padding"])
    assert (said["layer"], said["conv1"], said["padding"]) == ("层", "conv1", "填充")
    assert words("en", ["layer"]) == {"layer": "layer"}


def test_the_panels_words_are_chinese_with_the_same_holes():
    """A script fills the holes itself, by their numbers."""
    for english, chinese in PANEL.items():
        assert holes(english) == holes(chinese), english
        assert not [word for word in english_in(chinese) if word != "Python"], chinese


def test_every_word_of_the_panels_scripts_is_known():
    """What a script asks for by t("…") has an entry."""
    scripts = [path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "panel" / "static").glob("*.js"))]
    asked = {text for script in scripts for text in re.findall(r"\bt\(\s*\"([^\"]+)\"", script)}
    said = words("zh", asked)
    assert not [text for text in asked if said[text] == text and re.search("[a-z]{2}", text)]


# What is shown


class Block(nn.Module):
    """A layer called twice, a function, an operation without a rule, a frozen weight."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.fc1 = nn.Linear(channels * 8 * 8, 10)
        self.conv2.weight.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Nothing special."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.conv2(x)) + x
        return self.fc1(torch.linalg.matrix_exp(x).flatten(1))


class Recurrent(nn.Module):
    """A layer of another family."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm1 = nn.LSTM(5, 7, num_layers=2, bidirectional=True)
        self.attention1 = nn.MultiheadAttention(14, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Nothing special."""
        x, _ = self.lstm1(x)
        return self.attention1(x, x, x)[0]


MODELS = {
    "block": (Block, (2, 3, 8, 8), {}),
    "block's step": (Block, (2, 3, 8, 8), {"training": True, "optimizer": "adam", "input_grad": True}),
    "recurrent": (Recurrent, (4, 1, 5), {}),
    "in macs": (Block, (2, 3, 8, 8), {"convention": "thop", "mode": "train"}),
}
#: The models' own words.
OWN = (
    *("Block", "Recurrent", "attention1", "matrix_exp", "flatten", "BatchNorm2d", "wide", "linalg"),
    "trix",  # what is left of linalg_matrix_exp where a column is narrow
)


@pytest.fixture(params=MODELS)
def report(request):
    """Reports in Chinese, of all sorts."""
    model, size, options = MODELS[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncountedOpWarning)
        return cost(model(), size, **options).with_look(lang="zh")


def seen_in(markup: str) -> str:
    """The words of a page, those beside the cells included."""
    markup = re.sub(r"<style>.*?</style>", "", markup, flags=re.DOTALL)
    titles = " ".join(re.findall(r'(?:title|alt)="([^"]*)"', markup))
    return html.unescape(f"{re.sub('<[^>]*>', ' ', markup)} {titles}")


def assert_chinese(text: str) -> None:
    """No English word is left, and there is Chinese."""
    left = [word for word in english_in(text) if word not in OWN]
    assert not left, f"{left} in:\n{text}"
    assert re.search("[\u4e00-\u9fff]", text)


def test_a_report_is_shown_in_chinese(report):
    """Table, page and exports have no English word."""
    assert_chinese(repr(report))
    assert_chinese(seen_in(report._repr_html_()))
    assert_chinese(report.to_markdown().replace("\\_", "_"))
    assert_chinese(re.sub(r"\\[a-z]+(\{[a-z]+\})?|\{[lr]+\}", "", report.to_latex().replace("\\_", "_")))
    assert_chinese(repr(report.with_look(sort="params", top=2)))
    assert_chinese(repr(report.with_look(depth=1)))


def test_data_stays_as_it_is(report):
    """Keys and values that programs read are in English, whatever the language."""
    english = report.with_look(lang="en")
    assert report.to_json() == english.to_json()
    assert report.to_csv() == english.to_csv()


def test_every_layer_is_explained_in_chinese(report):
    """Headings, reasons, sources and symbols; the formulas are the same."""
    for row in report.rows:
        explanation = report.explain(row.path)
        for shown in (repr(explanation), seen_in(explanation._repr_html_())):
            assert_chinese(re.sub(r"\b(weight|bias)\b", "", shown))  # parameters' names, in a formula of their shapes
        english = report.with_look(lang="en").explain(row.path)
        assert [line.symbols for line in explanation.lines] == [line.symbols for line in english.lines]


def test_conventions_side_by_side_are_in_chinese(report):
    """Totals, causes and faults."""
    table = report.conventions()
    assert_chinese(repr(table))
    assert_chinese(seen_in(table._repr_html_()))
    assert_chinese(table.to_markdown())


@pytest.fixture
def reports():
    """Three reports of two models, with and without a training step."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncountedOpWarning)
        small = cost(Block(), (2, 3, 8, 8)).with_look(lang="zh")
        large = cost(Block(16), (2, 3, 8, 8), mode="train", convention="macs")
        step = cost(Block(16), (2, 3, 8, 8), training=True)
    return small, large, step


def test_a_difference_is_in_chinese(reports):
    """Kinds of change, both sides, what is folded; in the language of the report that asks."""
    small, large, step = reports
    for difference in (small.diff(large), small.diff(step), small.diff(small), small.diff(step, depth=1)):
        for shown in (difference, difference.with_look(everything=True), difference.with_look(sort="params", top=1)):
            assert_chinese(repr(shown))
            assert_chinese(seen_in(shown._repr_html_()))


def test_whole_blocks_that_come_and_go_are_in_chinese():
    """A container that is added or removed as a whole is one row, with the number of its layers."""
    shallow, deep = (
        cost(nn.Sequential(*(nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()) for _ in range(number))), (1, 3, 8, 8))
        for number in (1, 2)
    )
    assert "新增：Sequential（2 层）" in repr(shallow.with_look(lang="zh").diff(deep))
    assert "移除：Sequential（2 层）" in repr(deep.with_look(lang="zh").diff(shallow))


def test_a_comparison_is_in_chinese(reports):
    """The totals of several models, and the difference of two, by the first report's language."""
    later = compare(*reports[1:], labels=["wide", "wide step"]).with_look(lang="zh")
    for made in (compare(*reports), compare(*reports[:2]), later):
        assert_chinese(repr(made).replace("wide step", ""))
        assert_chinese(seen_in(made._repr_html_()).replace("wide step", ""))


def test_the_language_stays_until_it_is_changed(reports):
    """Another look of the same report speaks as before."""
    assert reports[0].with_look(depth=1).look.lang == "zh"
    assert reports[0].counted_as("macs").look.lang == "zh"
    assert reports[0].with_look(lang="en").look.lang == "en"
    with pytest.raises(CostError, match="there is no language 'fr'; there are: en, zh"):
        reports[0].with_look(lang="fr")


# Layout


def test_columns_are_aligned_where_characters_are_two_wide(report):
    """Every row of a table ends its numbers in the column in which the header ends."""
    lines = repr(report.with_look(columns=("params", "macs"))).split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith("─"))
    table = [line for line in lines[start:] if line and not line.startswith("─") and "▸" not in line]
    assert len(table) > 3
    assert len({width(line) for line in table}) == 1, table


def test_wide_text_is_wrapped_by_columns():
    """No line is wider than it may be, nothing is lost, and no line begins with a mark that ends a sentence."""
    text = "批量归一化：均值、方差、归一化、缩放平移，各一次；Conv2d 3×3, s2 也一样。" * 5
    for room in range(8, 60, 7):
        lines = wrap(text, room, others="  ")
        assert all(width(line) <= room + 2 for line in lines), "a mark may stand beyond the edge"
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert not any(line.strip()[:1] in "，。；：、" for line in lines)


# Charts


def drawn_words(chart) -> str:
    """All texts of a figure."""
    import matplotlib.text

    return " ".join(text.get_text() for text in chart.figure.findobj(matplotlib.text.Text))


def charts_of(small, large):
    """A chart of each sort."""
    table = small.conventions("thop", "macs")
    made = compare(small, large)
    return [small.plot("macs"), small.plot(by="type"), small.diff(large).plot("macs"), made.plot(), made.plot("bars"),
            table.plot(), table.plot("thop")]  # fmt: skip


@pytest.mark.slow
def test_without_a_font_charts_are_drawn_in_english(reports, monkeypatch):
    """Boxes in place of characters would say nothing; the description is in Chinese all the same."""
    monkeypatch.setattr(fonts, "_FAMILIES", {"zh": ("No such font",)})
    assert fonts.drawn_language("zh") == "en"
    for chart in charts_of(*reports[:2]):
        assert_chinese(chart.alt)


@pytest.mark.slow
def test_with_a_font_charts_are_drawn_in_chinese(reports, monkeypatch):
    """A font that the system has is used beside matplotlib's own, without a word about missing characters."""
    entry = next(font for font in fonts.fontManager.ttflist if font.name == "DejaVu Sans Mono")
    monkeypatch.setattr(fonts, "_FAMILIES", {"zh": ("No such font", entry.name)})
    assert fonts.font_of("zh") == entry.name
    assert fonts.font_of("en") is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for chart in charts_of(*reports[:2]):
            assert_chinese(drawn_words(chart))
            assert chart._repr_png_()


# The magic


@pytest.fixture
def shell(bare_shell):
    """A shell of its own with the extension loaded and a model ``net``."""
    bare_shell.user_ns["net"] = Block()
    return bare_shell


def run(shell, cell):
    """A cell's result, error and printed text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncountedOpWarning)
        done = shells.run(shell, cell)
    return done.result, done.error, done.text


@pytest.mark.parametrize(
    ("line", "sentence", "kind"),
    [
        ("--lang zh nothing -i 3,8,8", "找不到 nothing；现有 net", UsageError),
        ("--lang zh", "没有给出模型：请指明一个，如 %cnncost net；现有 net", UsageError),
        ("net --lang zh --depht 3", "没有选项 --depht；是不是想写 --depth？（%cnncost? 可列出全部选项）", UsageError),
        ("net --lang=zh -d 0", "--depth 需要不小于 1 的整数或 all，不能是 '0'", UsageError),
        ("net --lang zh -c tohp", "--convention 没有 'tohp' 这个选择；是不是想写 thop？", UsageError),
        ("net --lang zh -b", "需要一个值", UsageError),
        (
            "net --lang zh -i 3,9,9",
            "`fc1` (Linear) 需要 512 个特征，但收到 648 个（由 1×8×9×9 展平而来）；",
            ShapeError,
        ),
        ("Block --lang zh", "找不到 Block", UsageError),
        ("net net --lang zh -i 3,9,9", "net：`fc1` (Linear) 需要 512 个特征", ShapeError),
    ],
)
def test_the_magic_says_what_is_wrong_in_chinese(shell, line, sentence, kind):
    """The same errors with a Chinese sentence, on one line, however little of the line can be read."""
    _, error, text = run(shell, f"%cnncost {line}")
    assert type(error) is kind
    assert sentence in str(error)
    assert sentence.partition("；")[0] in text


def test_a_language_for_the_whole_notebook(shell):
    """What ``%config`` sets holds for reports, errors, warnings and help, and can be taken back."""
    english = shell.find_line_magic("cnncost").__doc__
    run(shell, "%config CnnCostMagics.lang = 'zh'")
    report, error, text = run(shell, "%cnncost net -i 3,8,8")
    assert error is None, text
    assert report.look.lang == "zh"
    assert "输入 1×3×8×8" in text
    assert_chinese(re.sub("Out\\[[0-9]+\\]:", "", text))
    for kind in ("line", "cell"):
        assert "批量大小" in shell.magics_manager.magics[kind]["cnncost"].__doc__
    said = "".join(shell.find_line_magic("cnncost").__doc__.split())
    assert all("".join(zh(option.help).split()) in said for option in OPTIONS)
    assert "there is no nothing" in str(run(shell, "%cnncost nothing --lang en")[1])
    run(shell, "%config CnnCostMagics.lang = 'en'")
    assert shell.find_line_magic("cnncost").__doc__ == english


def test_the_magic_speaks_chinese_of_several_models_and_conventions(shell):
    """The comparison, its difference, and the conventions of one model."""
    for line in ("net net -i 3,8,8 --lang zh", "net net net -i 3,8,8 --lang zh", "net -i 3,8,8 --compare --lang zh"):
        result, error, text = run(shell, f"%cnncost {line}")
        assert error is None, text
        assert_chinese(repr(result))


def test_a_warning_of_the_magic_is_chinese(shell):
    """Operations without a rule are told of in the set language."""
    with capture_output(), pytest.warns(UncountedOpWarning, match="Block 中有 1 个运算没有规则，未计入总数："):
        shell.run_cell("%cnncost net -i 3,8,8 --lang zh")


def test_functions_answer_in_the_notebooks_language(shell):
    """Reports, warnings and shown errors follow what ``%config`` sets, not what a line asks for."""
    with pytest.warns(UncountedOpWarning, match="1 operation of Block without a rule"):
        assert cost(Block(), (3, 8, 8)).look.lang == "en"
    run(shell, "%cnncost net -i 3,8,8 --lang zh -q")
    assert course.Course().settings.lang == "en"
    run(shell, "%config CnnCostMagics.lang = 'zh'")
    with pytest.warns(UncountedOpWarning, match="Block 中有 1 个运算没有规则，未计入总数："):
        report = cost(Block(), (3, 8, 8))
    assert_chinese(repr(report))
    assert_chinese(repr(compare(report, report.counted_as("macs"))))
    assert course.Course().settings.lang == "zh"
    with pytest.warns(UncountedOpWarning), pytest.raises(CostError, match="expects 512 features but receives 648"):
        cost(Block(), (3, 9, 9))
    run(shell, "%unload_ext nbcnncost")
    assert course.Course().settings.lang == "en"


def test_a_notebook_shows_every_error_of_ours_in_its_language(shell):
    """What a function raises is told in Chinese, what was asked for in English is not; the error itself is as ever."""
    run(shell, "%config CnnCostMagics.lang = 'zh'")
    shell.user_ns.update(cost=cost, linear=nn.Linear(2, 2))
    _, error, text = run(shell, "cost(linear, (1, 3))")
    assert str(error) == "Linear expects 2 features but receives 3; give it in_features=3 or change the input to 1×2"
    assert "ShapeError: Linear 需要 2 个特征，但收到 3 个" in text
    assert "在这份报告中，Linear 没有名为 'fc' 的层" in run(shell, "cost(linear, (1, 2)).explain('fc')")[2]
    assert "expects 2 features but receives 3" in run(shell, "%cnncost linear -i 1,3 --lang en")[2]
    run(shell, "%config CnnCostMagics.lang = 'en'")
    assert "expects 2 features but receives 3" in run(shell, "cost(linear, (1, 3))")[2]


FOLDERS = {
    '{"lang": "zh", "depth": 1}': (("zh", 1), ""),
    "{}": (("en", None), ""),
    "[1]": (("en", None), "holds settings by their names"),
    "{": (("en", None), "cannot be read"),
    '{"lang": "fr"}': (("en", None), "'lang' trait"),
}


@pytest.mark.parametrize("text", FOLDERS)
def test_a_folder_sets_the_language_of_its_notebooks(shell, tmp_path, monkeypatch, text):
    """A file beside the notebooks is read when the extension is loaded; what is wrong with it is told of."""
    (tmp_path / "nbcnncost.json").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (lang, depth), told = FOLDERS[text]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        shell.run_line_magic("reload_ext", "nbcnncost")
    assert [told in str(warning.message) for warning in caught] == [True] * bool(told)
    magics = shell.magics_manager.registry["CnnCostMagics"]
    assert (magics.lang, magics.depth) == (lang, depth)


def test_a_users_own_settings_go_before_the_folders(shell, tmp_path, monkeypatch):
    """Who has chosen a language keeps it; the folder's other settings hold."""
    (tmp_path / "nbcnncost.json").write_text('{"lang": "zh", "depth": 1}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shell.config = Config({"CnnCostMagics": {"lang": "en"}})
    shell.run_line_magic("reload_ext", "nbcnncost")
    magics = shell.magics_manager.registry["CnnCostMagics"]
    assert (magics.lang, magics.depth) == ("en", 1)


def test_a_users_own_error_passes_unchanged(shell):
    """What the model's own code raises is its author's, in whatever words."""
    _, error, _ = run(shell, "%%cnncost --lang zh\nraise ValueError('there is no layer here')")
    assert type(error) is ValueError
    assert str(error) == "there is no layer here"


def test_a_wrong_language_gets_a_sentence(shell):
    """The option and the setting name the languages that there are."""
    assert "--lang has no choice 'fr'; there are en, zh" in str(run(shell, "%cnncost net --lang fr")[1])
    assert isinstance(run(shell, "%config CnnCostMagics.lang = 'fr'")[1], (TraitError, type(None)))
    assert LANGUAGES == ("en", "zh")


# Coursework

#: Questions' keys and what a formula's text holds.
IN_COURSES = re.compile(
    r"\b\w+\.\w+\b|\[[\w+|]+\]|\b(points|answers|sheet|MiB|carried_share|highest_hint|hint|student|key|answer|CSV)\b"
)
LAYERS = {
    "conv1": course.conv2d(in_channels=4, out_channels=6, kernel_size=5, stride=2, padding=1, input_size=(4, 19, 23)),
    "fc1": course.linear(in_features=40, out_features=12),
    "pool1": course.max_pool2d(kernel_size=3, stride=2, input_size=(6, 9, 9)),
}


@pytest.mark.parametrize("name", [name for name in vars(messages) if name.isupper() and name != "CLASS_COLUMNS"])
def test_every_sentence_of_a_course_has_chinese_words(name):
    """What students and teachers read, whatever stands in its holes."""
    template = getattr(messages, name)
    said = zh(re.sub(r"(?<!\{)\{\w+\}", "7", template).replace("{{", "{").replace("}}", "}"))
    assert not english_in(IN_COURSES.sub("", said)), (template, said)


@pytest.mark.parametrize("mistake", [*course.MISTAKES.values(), *RATIO_MISTAKES], ids=lambda mistake: mistake.id)
def test_every_mistake_has_chinese_words(mistake):
    """Its title and its reason."""
    for text in (mistake.title, mistake.why):
        assert zh(text) != text, text
        assert not english_in(IN_COURSES.sub("", zh(text))), zh(text)


def test_the_columns_of_a_class_report_have_chinese_words():
    """What stands above the mistakes of a class."""
    assert not [word for head in messages.CLASS_COLUMNS for word in english_in(zh(head))]


def test_a_course_in_chinese_tells_its_students_in_chinese():
    """Every mistake, right answers, stubs and earlier errors; under a Chinese course alone."""
    lab = course.Course().use(lang="zh").sheet(LAYERS)
    told = []
    for question in lab:
        wrong = [str(wrong.value) for wrong in question.wrong]
        told += [
            lab.check(question.key, answer, practice=True, hint=4).text for answer in (question.answer, -1, *wrong)
        ]
        told += [lab.check(question.key, answer, practice=True).text for answer in (None, True, "many", float("inf"))]
    for text in told:
        assert_chinese(IN_COURSES.sub("", re.sub("'many'|None|inf", "", text)))
    english = course.Course().sheet(LAYERS)
    assert "is wrong" in english.check("conv1.params", 1, practice=True).text
    with pytest.raises(CostError, match="there is no language"):
        course.Course().use(lang="fr")


def test_a_course_in_chinese_asks_in_chinese():
    """Questions with what is given, a sheet's first line, and what it cannot do."""
    made = course.Course().use(lang="zh")
    for topic in course.TOPICS:
        sheet = made.sheet(topic, student="ada")
        assert_chinese(IN_COURSES.sub("", repr(sheet).partition("\n")[0]).replace("ada", ""))
        for question in sheet:
            assert_chinese(IN_COURSES.sub("", repr(question)).replace(question.name, "").replace("GELU", ""))
            assert all(re.search("[\u4e00-\u9fff]", meaning) for _, meaning, _ in question.given)
    sheet = made.sheet(LAYERS)
    wrong = [
        lambda: sheet["conv1.parameters"],
        lambda: sheet.check("conv1.params", 1, points="x"),
        lambda: made.sheet("no topic"),
        lambda: made.question(LAYERS["fc1"], "h_out"),
        lambda: made.use(carried_share=2),
    ]
    for call in wrong:
        with pytest.raises(CostError, match=r"[\u4e00-\u9fff]"):
            call()


def test_a_class_report_and_a_selftest_of_a_chinese_course_are_chinese():
    """Table, page, chart's description and what was tried; ids and data are the same in all languages."""
    sheets = {lang: course.Course().use(lang=lang).sheet(LAYERS) for lang in LANGUAGES}
    answers = {
        f"s{at}": {wrong_key: str(wrong.value)}
        for at, (wrong_key, wrong) in enumerate((entry.key, wrong) for entry in sheets["en"] for wrong in entry.wrong)
    }
    reports = {lang: course.class_report(sheet, {**answers, "bo": {"fc1.macs": "?"}}) for lang, sheet in sheets.items()}
    found = reports["zh"]
    for shown in (repr(found), seen_in(found._repr_html_()), found.to_markdown(), str(found.plot().alt)):
        assert_chinese(re.sub(r"\[[^]]*\]|\b\w+_\w+\b", "", IN_COURSES.sub("", shown)).replace("inverted", ""))
    assert found.to_csv() == reports["en"].to_csv()
    tried = course.selftest(sheets["zh"])
    assert_chinese(re.sub(r"\b\w+_\w+\b", "", IN_COURSES.sub("", repr(tried))))


# The panel


def texts_of(value) -> Iterator[str]:
    """All texts in JSON-ready data, but for names and code."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        kept = ("id", "path", "key", "name", "code", "line", "kind", "value", "original", "mathml", "unit", "title")
        yield from (text for key, entry in value.items() if key not in kept for text in texts_of(entry))
    elif isinstance(value, (list, tuple)):
        yield from (text for entry in value for text in texts_of(entry))


class Told(Panel):
    """A panel that keeps what it sends."""

    def send(self, content, buffers=None):
        self.__dict__.setdefault("sent", []).append(content)


@pytest.mark.parametrize("training", [False, True])
def test_a_panel_speaks_chinese(training):
    """The details of every row, what can be changed, what is changed, what is wrong, and what is said to a request."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncountedOpWarning)
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
        )
        net.append(nn.Linear(8 * 4 * 4, 10))
        report = cost(net, (2, 3, 8, 8), training=training).with_look(lang="zh")
    panel = Told(report)
    for row in panel.table["rows"]["id"]:
        panel.selected = row
        sent = panel.get_state(["details", "controls"])
        sent["details"] = json.loads(zlib.decompress(b64decode(sent["details"])))
        assert_no_english(sent["details"]["settings"])
        for line in sent["details"]["lines"]:
            assert_no_english(line["heading"], line["why"], line["source"], line["text"].partition(" = ")[0])
            assert_no_english(*re.findall("<mtext>\N{NO-BREAK SPACE}([^<]*)", line["mathml"]))
        assert_no_english(*(entry["means"] for entry in sent["details"]["glossary"]))
        assert_no_english(*(entry["note"] for entry in sent["details"]["conventions"]))
        assert_no_english(*texts_of({key: entry for key, entry in sent["controls"].items() if key != "dtype"}))
    panel.what_if = WhatIf(height=16, width=16)
    assert [change["text"] for change in panel.get_state("controls")["controls"]["changes"]] == ["分辨率：8 → 16"]
    panel.what_if = WhatIf(convention="macs", batch=4, layers={"0": LayerChange(kernel_size=5, padding=2, stride=1)})
    told = [change["text"] for change in panel.get_state("controls")["controls"]["changes"]]
    assert told == ["批量：2 → 4", "计数约定：textbook → macs", "0：卷积核 3×3 → 5×5，填充 1 → 2"]
    panel.set_state({"what_if": {"layers": {"0": {"out_channels": 16}}}})
    panel._latest.now()
    assert re.search("需要|归一化|特征|通道", panel.get_state("status")["status"]["error"]["message"])
    for request in ({"kind": "put", "name": "1x"}, {"kind": "export", "format": "doc"}):
        panel._hear(panel, request, [])
        assert re.search("[\u4e00-\u9fff]", panel.sent[-1]["text"]), panel.sent[-1]


def assert_no_english(*texts: str) -> None:
    """Not one English word is left in any of them."""
    for text in texts:
        assert not english_in(text), text


def test_a_panel_brings_every_word_that_its_script_asks_for():
    """Sentences in Chinese; in English the script's own stand."""
    report = cost(nn.Linear(2, 2), (1, 2))
    scripts = [path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "panel" / "static").glob("*.js"))]
    asked = {text for script in scripts for text in re.findall(r"\bt\(\s*\"([^\"]+)\"", script)}
    said = Panel(report.with_look(lang="zh")).words
    assert not sorted(asked - said.keys())
    assert not [text for text, chinese in said.items() if not re.search("[\u4e00-\u9fff]", chinese) and text != "dtype"]
    assert Panel(report).words == {}


EXPORTS = ("to_nbgrader", "to_otter", "to_quiz", "to_moodle", "to_markdown", "to_latex")


@pytest.mark.parametrize("export", EXPORTS)
def test_what_a_chinese_sheet_is_made_into_is_chinese(export):
    """Assignments, quizzes and paper, with their keys; the numbers are those of the English one."""
    sheets = {lang: course.Course().use(lang=lang).sheet(LAYERS) for lang in LANGUAGES}
    for options in ({}, *([{"key": True}] if export in ("to_markdown", "to_latex") else [])):
        made = {lang: getattr(sheet, export)(**options) for lang, sheet in sheets.items()}
        told = told_by(export, made["zh"])
        assert told
        for text in told:
            bare = re.sub(r"`[^`]*`|<[^>]*>|\\[a-zA-Z]+|\b\w+_\w+\b|&\w+;", " ", IN_COURSES.sub("", text))
            left = {*english_in(bare.replace("\\_", "_"))} - {"STUDENT", "total"}
            assert not left, (left, text)
        digits = {lang: re.findall(r"\d{3,}", text) for lang, text in made.items()}
        assert digits["zh"] == digits["en"]


def told_by(export: str, made: str) -> list[str]:
    """What of an exported sheet is read by people."""
    if export in ("to_nbgrader", "to_otter"):
        cells = nbformat.reads(made, as_version=4).cells
        prose = ["".join(cell.source) for cell in cells if cell.cell_type == "markdown"]
        comments = [line for cell in cells for line in cell.source.split("\n") if line.startswith("# ")]
        return [*prose[:1], *comments] if export == "to_nbgrader" else prose[:1]
    if export == "to_quiz":
        entries = json.loads(made)
        return [*(entry["question"] for entry in entries), *(a["feedback"] for e in entries for a in e["answers"])]
    if export == "to_moodle":
        return [html.unescape(text) for text in re.findall(r"<text>([^<]*)</text>", made) if "&lt;p&gt;" in text]
    start = made.index("\\section") if export == "to_latex" else 0
    return [re.sub(r"\{(enumerate|itemize|document)\}|\$[^$]*\$", "", line) for line in made[start:].split("\n")]


#: What is glued of others, or holds names alone.
OTHERS = ("QUESTION", "TYPE_CHECKING", "OF_STUDENT")
GRADING = [name for name in vars(wording) if name.isupper() and name not in OTHERS]


@pytest.mark.parametrize("name", GRADING)
def test_every_sentence_of_an_assignment_has_chinese_words(name):
    """What students and teachers read of generated notebooks, quizzes and paper."""
    template = getattr(wording, name)
    said = zh(re.sub(r"(?<!\{)\{\w+\}", "7", template))
    kept = r"`[^`]*`|'[^']*'|STUDENT = \S+|\b(points|setup|lab|import|sheet|student)\b"
    assert re.search("[\u4e00-\u9fff]", said), template
    assert not english_in(re.sub(kept, "", said)), (template, said)
