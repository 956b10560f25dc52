"""What no formula can know says why, and takes a rule; what only looks unknown is counted."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from nets import Body
from torch import Tensor, nn

from nbcnncost import CostError, Report, UncountedOpWarning, conventions, cost


@torch.library.custom_op("nbcnncost_tests::twice_plus", mutates_args=())
def twice_plus(x: Tensor, y: Tensor) -> Tensor:
    """An operation of the user's own."""
    return 2 * x + y


@twice_plus.register_fake
def _(x: Tensor, y: Tensor) -> Tensor:
    return torch.empty_like(x)


class Square(torch.autograd.Function):
    """A function with a backward of the user's own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 2 * x * gradient


def report_of(run: Any, *inputs: Tensor, execute: bool = False, **layers: Any) -> Report:
    """The report of a net whose forward is this, its warning heard."""
    with pytest.warns(UncountedOpWarning):
        return cost(Body(run, **layers), input_data=inputs, execute=execute)


BOTH = pytest.mark.parametrize("execute", [False, True], ids=["without values", "for real"])


@BOTH
def test_a_custom_operation_is_unknown_until_it_has_a_rule(execute):
    """Its name is the key of its rule: 2·n, one product and one sum for each of 3·4 elements."""
    x = torch.ones(3, 4)
    report = report_of(lambda net, x: twice_plus(net.fc(x), x), x, execute=execute, fc=nn.Linear(4, 4))
    (entry,) = report.uncounted
    assert (entry.op, entry.count) == ("nbcnncost_tests.twice_plus.default", 1)
    assert entry.reason == "an operation from outside the framework"
    for key in (entry.name, "twice_plus", "nbcnncost_tests.twice_plus"):
        known = report.counted_as(conventions.textbook.with_rules({key: "2 * n"}))
        assert known.uncounted == ()
        assert known.total.flops == 2 * 3 * 4 * 4 + 2 * 3 * 4


def test_the_warning_and_the_explanation_say_how_to_give_a_rule():
    """What they say to write is Python, and does it."""
    model = Body(lambda net, x: twice_plus(x, x))
    with pytest.warns(UncountedOpWarning) as heard:
        report = cost(model, (3, 4))
    for text in (str(heard[0].message), " ".join(repr(report.explain()).split())):
        assert "twice_plus (an operation from outside" in text or "(an operation from outside the framework)" in text
        rule = re.search(r"textbook\.with_rules\(\{.*?\}\)", text)
        convention = eval(rule[0], {"textbook": conventions.textbook})
        assert report.counted_as(convention).total.flops == 2 * 3 * 4


def test_a_gradient_without_a_formula_says_how_to_give_one():
    """The rule in the warning is one for the gradients: of the two matrices that are factorized."""
    model = Body(lambda net, x: torch.linalg.cholesky(x) + torch.linalg.cholesky(x + x))
    with pytest.warns(UncountedOpWarning, match="no formula is known for its gradient") as heard:
        report = cost(model, (4, 4), training=True, input_grad=True)
    rule = re.search(r"textbook\.with_rules\(\{.*?\}\)", str(heard[0].message))
    known = report.counted_as(eval(rule[0], {"textbook": conventions.textbook}))
    assert [entry.count for entry in report.uncounted] == [2]
    assert known.uncounted == ()


@pytest.mark.parametrize("mode", ["eval", "train"])
@BOTH
def test_a_function_with_its_own_backward_is_counted_by_what_it_does(mode, execute):
    """Its forward's one product for each of 3·4 elements is heard like any other."""
    report = cost(Body(lambda net, x: Square.apply(x)), input_data=torch.ones(3, 4), mode=mode, execute=execute)
    assert (report.uncounted, report.total.flops) == ((), 3 * 4)


class Graph(nn.Module):
    """A graph's adjacency matrix, sparse, between two linear layers."""

    def __init__(self, adjacency: Tensor) -> None:
        super().__init__()
        self.register_buffer("adjacency", adjacency)
        self.first, self.second = nn.Linear(4, 3), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.adjacency @ self.first(x))


LAYOUTS = {"COO": torch.eye(6).to_sparse, "CSR": torch.eye(6).to_sparse_csr, "CSC": torch.eye(6).to_sparse_csc}
SPARSE = "on sparse or nested tensors, where how much is computed depends on what they hold"


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sparse_product_is_unknown_and_the_layers_around_it_are_counted(layout):
    """Never as if it were dense: 2·6·4·3 and 2·6·3·2 FLOPs, and a product of which nobody knows."""
    adjacency = LAYOUTS[layout]()
    with pytest.warns(UncountedOpWarning, match="sparse"):
        report = cost(Graph(adjacency), (6, 4))
    (entry,) = report.uncounted
    assert (entry.reason, entry.function) == (SPARSE, "matmul")
    assert report.total.flops == 2 * 6 * 4 * 3 + 2 * 6 * 3 * 2
    assert (report.rows[1].outputs[0].shape, report.rows[1].flops) == ((6, 3), None)


@BOTH
def test_a_sparse_input_is_unknown_too(execute):
    """``torch.sparse.mm`` of what is handed in."""
    inputs = (torch.eye(6).to_sparse(), torch.ones(6, 2))
    report = report_of(lambda net, a, x: torch.sparse.mm(a, x), *inputs, execute=execute)
    assert [entry.reason for entry in report.uncounted] == [SPARSE]


def test_a_sparse_product_takes_a_rule():
    """Whoever knows how many values are stored says so: 2 FLOPs for each of 6 values and 3 columns."""
    with pytest.warns(UncountedOpWarning):
        report = cost(Graph(torch.eye(6).to_sparse()), (6, 4))
    known = report.counted_as(conventions.textbook.with_rules({"matmul": lambda op: 2 * 6 * 3}))
    assert known["matmul()"].flops == 2 * 6 * 3
    assert known.uncounted == ()


@pytest.mark.parametrize(
    ("run", "size", "reason"),
    [
        (lambda net, x: torch.linalg.svd(x).S, (3, 3), "it iterates until it converges"),
        (lambda net, x: torch.linalg.lu_factor(x).LU, (3, 2), "square matrices only"),
        (lambda net, x: torch.histc(x), (3, 3), "no formula is known for it"),
        (lambda net, x: torch.renorm(x, 1, 0, 1.0), (3, 3), "an order other than 2"),
        (lambda net, x: torch.tanh(torch.complex(x, x)).real, (3, 3), "on complex numbers"),
    ],
    ids=["svd", "lu", "histc", "renorm", "complex tanh"],
)
def test_reasons(run, size, reason):
    """One for each way of not knowing."""
    report = report_of(run, torch.ones(size))
    (entry,) = report.uncounted
    assert reason in entry.reason
    assert report.to_dict()["uncounted"][0]["reason"] == entry.reason


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_function_of_functions_is_unknown():
    """Which branch ``torch.cond`` takes is known for real only, and its inside is not heard."""

    def run(net: Any, x: Tensor) -> Tensor:
        return net.fc(torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,)))

    report = report_of(run, torch.ones(3, 4), execute=True, fc=nn.Linear(4, 4))
    (entry,) = report.uncounted
    assert entry.reason == "a function of functions, in which no operation is heard"
    assert report["fc"].flops == 2 * 3 * 4 * 4


def test_images_of_different_sizes_need_a_model_that_takes_them():
    """A list of two images is one argument for a detector, two arguments for others."""

    class Detector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, images: list[Tensor], targets: Any = None) -> list[Tensor]:
            return [self.conv(image) for image in images]

    both = [(3, 8, 8), (3, 6, 4)]
    expected = 2 * 3 * 4 * 3 * 3 * (8 * 8 + 6 * 4)
    assert cost(Detector(), both).total.flops == expected
    assert cost(Detector(), input_data=[torch.ones(size) for size in both]).total.flops == expected
    assert cost(Detector(), both[0]).total.flops == 2 * 3 * 4 * 3 * 3 * 8 * 8
    with pytest.raises(CostError, match="forward"):
        cost(nn.Conv2d(3, 4, 3), both)
