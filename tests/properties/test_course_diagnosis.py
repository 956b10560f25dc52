"""Whatever layer is drawn: right answers are right, wrong ones are wrong, and each mistake is told for what it is.

The students' numbers come from tests/course_slips.py, which walks windows and multiplies, and knows no formula of ours.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from course_slips import slips

from nbcnncost.course import MISTAKES, TOPICS, Draw, activation, avg_pool2d, conv2d, diagnose, linear, max_pool2d, sheet
from nbcnncost.course.drawing import RIGHT, tells_apart
from nbcnncost.course.numerals import read, rounded

FEW, MANY = 3, 1000
#: Rounding to the nearest is rounding up or down, so in a single size it has no number of its own.
ROUNDINGS = {"ceil_for_floor", "round_for_floor"}


def whole(value):
    """A number as a student has it: an int where it is one."""
    return int(value) if value.denominator == 1 else value


def ways_to_write(value):
    """The right answer in the ways in which it may be given."""
    yield whole(value)
    yield float(value)
    for digits in (2, 3, 5):
        written = f"{float(value):.{digits}e}"
        yield from (written, Decimal(written), np.float32(written))
    # Computed ones have digits of their own: round(64112013 / 1e6, 1) * 1e6 is 64099999.99999999.
    yield from (round(float(value) / unit, 2) * unit for unit in (1e3, 1e6, 1e9) if value >= unit)
    if value.denominator == 1:
        yield f"{int(value):,}"
        yield f"{int(value):,}".replace(",", " ")


def may_be_alike(topic, question, name, found):
    """Whether the topic says that these mistakes cannot be told apart in its layers."""
    alike = [*TOPICS[topic].alike, *([ROUNDINGS] if question.quantity.name.endswith("_out") else [])]
    return any(name in ids and set(found) <= ids for ids in alike)


def tried(topic, number):
    """All questions of so many variants, with what each slip of them is told to be: how many were told right."""
    told, made, seen = Counter(), Counter(), set()
    for student in range(number):
        for question in sheet(topic, student=str(student)).questions:
            numbers = slips(question)
            assert numbers.pop("right") == question.value
            for answer in ways_to_write(question.value):
                assert diagnose(question, answer).is_right, (question, answer)
            assert {wrong.id for wrong in question.wrong} == set(numbers), question
            for name, value in numbers.items():
                diagnosis = diagnose(question, whole(value))
                assert not diagnosis.is_right, (question, name)
                found = diagnosis.id.split("|")
                pair = question.quantity.name, name
                made[pair] += 1
                told[pair] += found == [name] or may_be_alike(topic, question, name, found)
                seen.add(name)
    return told, made, seen


@pytest.mark.parametrize("topic", TOPICS)
def test_every_mistake_is_told_in_some_variants(topic):
    """In the first variants of each topic each mistake is named, alone or beside one that has the same number."""
    told, made, _ = tried(topic, FEW)
    assert told == made


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
def test_every_mistake_is_told_in_a_thousand_variants(topic):
    """Each pair of quantity and mistake is told right in 99 of 100 of a thousand variants, or more."""
    told, made, _ = tried(topic, MANY)
    shares = {pair: told[pair] / number for pair, number in made.items()}
    assert min(shares.values()) >= 0.99, {pair: share for pair, share in shares.items() if share < 0.99}


def paired(topic, number):
    """Each two mistakes of so many variants, as slips of what is left: none is called right or by another's name."""
    for student in range(number):
        for question in sheet(topic, student=str(student)).questions:
            for wrong in question.wrong_twice:
                if wrong.value > 0:
                    found = diagnose(question, whole(wrong.value))
                    assert not found.is_right, (question, wrong.id)
                    assert wrong.id in found.id.split("|") or not found.answer.is_exactly(wrong.value), question


@pytest.mark.parametrize("topic", TOPICS)
def test_two_mistakes_are_told_in_some_variants(topic):
    """In the first variant of each topic both are named, alone or beside others with the same number."""
    paired(topic, 1)


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
def test_two_mistakes_are_told_in_a_hundred_variants(topic):
    """The same in a hundred."""
    paired(topic, 100)


def follow(topic, number):
    """Whoever has the height wrong and goes on rightly, or with one more slip, is told so, unless one slip does."""
    for student in range(number):
        lab = sheet(topic, student=str(student))
        height = slips(lab["conv1.h_out"])
        wrong = height["right"] + 1
        for quantity in ("macs", "flops", "activation_bytes"):
            question = lab[f"conv1.{quantity}"]
            numbers = {name: value * wrong / Fraction(height["right"]) for name, value in slips(question).items()}
            found = lab.diagnose(question.key, whole(numbers["right"]), {"conv1.h_out": wrong})
            assert not found.is_right
            assert found.carried == ("conv1.h_out",), (question, found.id)
            once_more = {"macs": "flops_not_macs", "flops": "macs_not_flops", "activation_bytes": "bits_for_bytes"}
            name = once_more[quantity]
            found = lab.diagnose(question.key, whole(numbers[name]), {"conv1.h_out": wrong})
            alone = {slip for slip, value in slips(question).items() if value == numbers[name]}
            assert set(found.id.split("|")) & (alone or {f"carried+{name}"}), (question, found.id)


#: Topics whose sizes go on into other numbers.
SIZED = ("convolution", "grouped", "dilated", "batch", "sharing")


@pytest.mark.slow
@pytest.mark.parametrize("topic", SIZED)
def test_earlier_errors_are_told_in_a_hundred_variants(topic):
    """A height that is one too large goes on into MACs, FLOPs and bytes, alone and with another mistake."""
    follow(topic, 100)


#: What an earlier amount that is wrong by one more makes of the next answer, with one mistake on top.
ON_TOP = {
    ("macs", "flops"): {"macs_not_flops": 1, "training_for_inference": 3 * 2, "two_n_minus_one": 2},
    ("params", "weight_bytes"): {"elements_for_bytes": 1, "bits_for_bytes": 8 * 4},
    ("activation_bytes", "activation_mb"): {"bits_for_bytes": Fraction(8, 10**6), "mib_for_mb": Fraction(1, 2**20)},
    ("weight_bytes", "weight_mb"): {"bits_for_bytes": Fraction(8, 10**6), "mib_for_mb": Fraction(1, 2**20)},
}
#: Topics in which one amount goes on into another.
STAGED = ("convolution", "grouped", "dilated", "batch", "linear", "recurrent", "attention", "memory")


def amounts(topic, number):
    """Whoever has an amount wrong in no known way and makes one mistake more is told that, unless fewer explain it."""
    told, made = 0, 0
    for student in range(number):
        lab = sheet(topic, student=str(student))
        for question in lab.questions:
            for (before, after), mistakes in ON_TOP.items():
                key = f"{question.name}.{before}"
                if question.quantity.name != after or key not in lab:
                    continue
                numbers, off = slips(question), lab[key].value // 7 + 3
                for name in mistakes.keys() & numbers.keys():
                    answer = whole(numbers[name] + mistakes[name] * off)
                    found = lab.diagnose(question.key, answer, {key: whole(lab[key].value + off)})
                    assert not found.is_right
                    alone = diagnose(question, answer).id
                    made += 1
                    told += found.id == (f"carried+{name}" if alone == "unknown" else alone)
    assert made >= number
    assert told / made >= 0.99


@pytest.mark.parametrize("topic", STAGED)
def test_a_mistake_on_top_of_a_wrong_amount_is_told_in_some_variants(topic):
    """MACs, parameters or bytes that are wrong go on into the next answer, in which one more mistake is made."""
    amounts(topic, 2)


@pytest.mark.slow
@pytest.mark.parametrize("topic", STAGED)
def test_a_mistake_on_top_of_a_wrong_amount_is_told_in_a_hundred_variants(topic):
    """The same in a hundred."""
    amounts(topic, 100)


def test_the_topics_together_make_nearly_every_mistake():
    """What the drawn layers cannot show has no parameters, or is dropout: those have tests of their own."""
    seen = {name for topic in TOPICS for name in tried(topic, 1)[2]}
    assert set(MISTAKES) - seen == {"pool_has_params", "relu_has_params", "dropout_shrinks"}


def ordinary(draw):
    """A layer as it stands in real networks, where many mistakes make no difference."""
    channels, side = draw.choice((3, 16, 64)), draw.choice((7, 8, 28, 56))
    size = (draw.choice((1, 4)), channels, side, side)
    kernel, stride = draw.choice((1, 2, 3, 5, 7)), draw.choice((1, 2))
    window = {"kernel_size": kernel, "stride": stride, "padding": draw.choice((0, kernel // 2))}
    filters = {"in_channels": channels, "out_channels": draw.choice((8, 16, 64)), "bias": draw.choice((True, False))}
    return draw.choice(
        (
            conv2d(input_size=size, **filters, **window),
            max_pool2d(kernel, stride=stride, padding=kernel // 2, input_size=size),
            avg_pool2d(kernel, stride=stride, padding=kernel // 2, input_size=size),
            linear(in_features=channels, out_features=draw.choice((10, 16, 64)), batch=size[0]),
            activation(draw.choice(("relu", "sigmoid")), input_size=size[1:]),
        )
    )


@pytest.mark.parametrize("seed", range(60))
def test_in_ordinary_layers_no_answer_is_judged_wrongly(seed):
    """Right is right and wrong is wrong; of mistakes with one number the one that was made is among those named."""
    everything = ("h_out", "w_out", "elements", "params", "macs", "flops", "activation_bytes", "weight_mb")
    lab = sheet({"layer": ordinary(Draw("ordinary", seed))}, ask=everything)
    for question in lab.questions:
        numbers = slips(question)
        assert numbers.pop("right") == question.value
        assert all(diagnose(question, answer).is_right for answer in ways_to_write(question.value))
        for name, value in numbers.items():
            found = diagnose(question, whole(value))
            assert not found.is_right
            assert name in found.id.split("|"), (question, name, found.id)


def test_drawing_leaves_nothing_hidden():
    """A drawn question has no mistake that gives the right number, but for those that a topic names."""
    for topic, entry in TOPICS.items():
        for question in sheet(topic, student="ada").questions:
            assert tells_apart(question, entry.alike)
            known = {name for ids in entry.alike if RIGHT in ids for name in ids} | {"round_for_floor"}
            assert question.below or set(question.hidden) <= known


@pytest.mark.parametrize("digits", [3, 4, 6])
def test_rounding_is_to_the_nearest(digits):
    """Numbers are rounded as Python writes them, exactly."""
    draw = Draw("rounding", digits)
    for _ in range(200):
        value = Fraction(draw.whole(1, 10**9), draw.whole(1, 10**4))
        assert rounded(value, digits) == Fraction(f"{float(value):.{digits - 1}e}")


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("6.52e4", 65250),
        ("6.53e4", 65250),
        ("2.320e5", 232050),
        ("1.00e8", 99_950_000),
        ("9.99e4", 99_949),
        ("1.000e5", 100_049),
    ],
)
def test_a_half_may_be_rounded_either_way(answer, value):
    """Python rounds halves to even, people round them up: both are right."""
    assert read("q", answer).rounds(Fraction(value))


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("6.51e4", 65250),
        ("6.54e4", 65250),
        ("1.00e8", 99_600_000),
        ("9.996e4", 100_000),
        (999.6, 1000),
        ("9.9996e5", 1_000_000),
        ("0", 1),
    ],
)
def test_other_numbers_are_not_taken_for_rounded(answer, value):
    """What is further away than half a unit of the last digit is another number."""
    assert not read("q", answer).rounds(Fraction(value))
