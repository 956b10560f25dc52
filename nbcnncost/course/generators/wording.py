"""Every sentence of generated notebooks, quizzes and sheets, each in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbcnncost.course.messages import say
from nbcnncost.languages import translate

if TYPE_CHECKING:
    from nbcnncost.course.sheet import Sheet

# Notebooks.
INTRO = (
    "{questions}, {points}. Put a number or a formula, as `96 * (3*11*11 + 1)`, into each answer and "
    "run the cell below it: it says whether the answer is right, and if not, what may be the matter."
)
INTRO_VARIANTS = "Your layers are your own: they are drawn for your id, so put it in first."
STUDENT_CELL = 'STUDENT = ""  # your id, between the quotes'
STUDENT_QUESTION = 'Who are you? Put in your id, as `STUDENT = "ada"`.'
QUESTION = "**{key}** ({points})\n\n{prompt}"
EXPLAIN = (
    "**{name}, in your own words** ({points})\n\nHow did you find these numbers? Say which symbols stand for what, "
    "and why the formulas are as they are."
)
HANDED_IN = "# Your answers, as your teacher collects them."
GRADED = "# Made again for the grader, whatever the notebook did to it."
ONE_QUESTION = "1 question"
QUESTIONS = "{questions} questions"
POINT = "{points} point"
POINTS = "{points} points"
TITLE = "What a network costs"

# Sheets on paper.
KEY_TITLE = "{title}: key"
OF_STUDENT = "{title}, for {student}"
CONVENTION = "FLOPs are counted by the convention {convention}."
BIAS_LEFT_OUT = "1 MAC = {flops} FLOPs; additions of a bias are left out."
BIAS_COUNTED = "1 MAC = {flops} FLOPs; additions of a bias count."
ONE_ADDITION_LESS = "A sum of n products has n − 1 additions."
ANSWER = "Answer:"
MISTAKES = "Wrong answers:"

# Quizzes.
ALL_DIGITS = "(Give all digits, without commas.)"
THREE_DIGITS = "(Give three digits or more.)"
QUIZ_NO_MISTAKE = "That is not it. Write down the formula, and the numbers below it."

# What cannot be done.
NO_STUDENT = 'whose variant is it? put in your id, as STUDENT = "ada", and run the cells again'
OTHER_STUDENT = "this notebook was answered for {name}, but handed in by {submitted}"
NO_RECIPE = (
    "this sheet cannot be written as code; give the code that makes it: setup='lab = sheet(…)', with its imports"
)
NO_LAB = "setup is code that makes a sheet named lab: setup='lab = sheet(…)', with its imports"
NO_STUDENTS = "this sheet is for all students, each with an own variant; name one: sheet({topic}, student='ada')"
NO_POINTS_FOR = "points has no question {key}; there are: {keys}"
SAME_NAMES = "{first} and {second} would both be answered in the variable {name}; give the layers other names"


def said(sheet: Sheet, template: str, **values: object) -> str:
    """A sentence with its values, in the sheet's language."""
    return translate(say(template, **values), sheet.settings.lang)
