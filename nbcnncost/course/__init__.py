"""Coursework: questions about what layers cost, answers checked and told why they are wrong, variants per student.

No torch is needed for layers given as plain numbers; a model is run as ``cost`` runs it.

>>> from nbcnncost.course import conv2d, sheet
>>> lab = sheet({"conv1": conv2d(in_channels=3, out_channels=96, kernel_size=11, stride=4, input_size=(3, 227, 227))})
>>> lab.keys
('conv1.h_out', 'conv1.w_out', 'conv1.params', 'conv1.macs', 'conv1.flops', 'conv1.activation_bytes',
 'conv1.weight_bytes')
>>> lab.check("conv1.params", "34,944")
conv1.params: right, 34,944.
>>> lab.check("conv1.macs", 1.05e8, points=2)
conv1.macs: right, rounded; exactly it is 105,415,200 MACs.
2.0
>>> lab.diagnose("conv1.params", 96*11*11*3).id
'forgot_bias'

**Sheets.** ``sheet(about)`` makes a :class:`Sheet` of a dict of layers, a list of questions, a model with its input
size, a report, or the name of one of :data:`TOPICS`: then ``sheet("convolution", student="ada")`` draws the layers for
that student, the same ones on any machine and any Python (:class:`Draw`). ``sheet.keys`` name the questions,
``sheet[key]`` is a :class:`Question`: ``prompt``, ``about``, ``given`` (symbol, meaning, value), ``answer``,
``answer_text``, ``unit``, ``wrong`` (each a :class:`Wrong`: ``id``, ``mistakes``, ``value``), ``shown()`` and
``shown(wrong, numbers=True)``, ``latex``. The right answer is always what our own formulas give.

**Checks.** ``sheet.check(key, answer)`` prints one line or raises ``AssertionError`` with feedback that climbs with
each new wrong answer; ``points=`` gives a plain float; ``practice=True`` gives a :class:`Verdict` to be shown.
``check(key, answer)`` of this module finds the sheet in the notebook that calls it. ``sheet.diagnose(key, answer,
earlier={…})`` scores nothing: its :class:`Diagnosis` has ``verdict``, ``id``, ``found``, ``carried``, ``conventions``
and ``feedback(step)``.

**A course.** ``use(textbook.with_rules({…}), salt="2026")`` sets a convention once for the notebook or module that
calls it; ``Course().use(…)`` is the same without a place to keep it.

**Predictions.** ``predict(report)``, or ``%%cnncost --predict``, hides a report's numbers until they are filled in: a
:class:`Prediction` with ``fill({"conv1": {"params": 456}})``, ``check()``, ``reveal()`` and, then, ``report``.

**Single questions.** ``question(layer, "flops")``, ``question([layers], "training_ratio")``,
``receptive_field([layers])``, ``saving(first, second, of="macs")``.

**For the teacher.** :data:`MISTAKES` is the read-only table of mistakes (``id``, ``title``, ``why``).
``selftest(sheet)`` tries a sheet on right answers, stubs and every mistake: a :class:`SelfTest` with ``ok``,
``problems`` and ``notes``. ``class_report(sheet, answers)`` counts the mistakes in collected answers: a
:class:`ClassReport`, which shows itself as a table, with ``by_mistake()``, ``to_markdown()``, ``to_csv()`` and
``plot()``; ``class_report(lambda student: sheet("convolution", student=student), "answers.csv")`` for variants.

**Generators.** ``sheet.to_nbgrader(path)``, ``to_otter``, ``to_quiz`` (JupyterQuiz), ``to_moodle``, ``to_markdown`` and
``to_latex`` (with ``key=True``: the key) give text and write it to a file; ``otter_tests(sheet)`` and
``moodle(*sheets)`` take more. In notebooks made so, :func:`student` finds out whose variant it is, :func:`for_grading`
makes a sheet for the grader, :func:`handed_in` writes the answers down and :func:`collected` finds them again for
``class_report``.
"""

from __future__ import annotations

from nbcnncost.course.any_kind import layer
from nbcnncost.course.class_report import ClassReport, class_report
from nbcnncost.course.diagnosis import Diagnosis, diagnose
from nbcnncost.course.drawing import Draw
from nbcnncost.course.generators import moodle, otter_tests
from nbcnncost.course.grading import collected, for_grading, handed_in, student
from nbcnncost.course.layers import (
    Layer,
    activation,
    attention,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    batch_norm,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    dropout,
    global_avg_pool,
    linear,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    recurrent,
)
from nbcnncost.course.making import Course, check, question, receptive_field, saving, sheet, use
from nbcnncost.course.mistakes import MISTAKES, Mistake
from nbcnncost.course.numerals import Answer, NotANumber
from nbcnncost.course.prediction import Prediction, predict
from nbcnncost.course.quantities import QUANTITIES, Quantity
from nbcnncost.course.questions import Question, Wrong
from nbcnncost.course.selftest import SelfTest, selftest
from nbcnncost.course.settings import Settings
from nbcnncost.course.sheet import Sheet
from nbcnncost.course.topics import TOPICS, Topic
from nbcnncost.course.verdict import Verdict

__all__ = [
    "MISTAKES",
    "QUANTITIES",
    "TOPICS",
    "Answer",
    "ClassReport",
    "Course",
    "Diagnosis",
    "Draw",
    "Layer",
    "Mistake",
    "NotANumber",
    "Prediction",
    "Quantity",
    "Question",
    "SelfTest",
    "Settings",
    "Sheet",
    "Topic",
    "Verdict",
    "Wrong",
    "activation",
    "attention",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "check",
    "class_report",
    "collected",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "diagnose",
    "dropout",
    "for_grading",
    "global_avg_pool",
    "handed_in",
    "layer",
    "linear",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "moodle",
    "otter_tests",
    "predict",
    "question",
    "receptive_field",
    "recurrent",
    "saving",
    "selftest",
    "sheet",
    "student",
    "use",
]
