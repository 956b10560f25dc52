"""Every sentence that a student or teacher reads, each in one place; :func:`say` puts the values in."""

from __future__ import annotations

# The questions.
ASK_DEPTH = "{name}: how deep is the output (D_out)?"
ASK_HEIGHT = "{name}: how high is the output (H_out)?"
ASK_WIDTH = "{name}: how wide is the output (W_out)?"
ASK_LENGTH = "{name}: how long is the output (L_out)?"
ASK_RECEPTIVE_FIELD = "{name}: how many input positions, along one axis, does one output position see?"
ASK_ELEMENTS = "{name}: how many numbers come out?"
ASK_PARAMS = "{name}: how many parameters are there?"
ASK_MACS = "{name}: how many multiply-accumulates (MACs) does it take?"
ASK_FLOPS = "{name}: how many FLOPs does it take, by the convention {convention}?"
ASK_ACTIVATION_BYTES = "{name}: how many bytes does the output take ({bytes} a number)?"
ASK_WEIGHT_BYTES = "{name}: how many bytes do the parameters take ({bytes} a number)?"
ASK_ACTIVATION_MB = "{name}: how many megabytes (10⁶ bytes) does the output take ({bytes} bytes a number)?"
ASK_WEIGHT_MB = "{name}: how many megabytes (10⁶ bytes) do the parameters take ({bytes} bytes a number)?"
ASK_INTENSITY = (
    "{name}: how many FLOPs, by the convention {convention}, for each byte that is moved, if that is the input, the "
    "parameters and the output, each once ({bytes} bytes a number)?"
)
ASK_TRAINING_RATIO = (
    "{name}: how many times the forward's FLOPs, by the convention {convention}, does a training step take? It has the "
    "forward and the gradients: none of the network's input, and no optimizer."
)
ASK_RATIO = "{name}: how many times as many {unit} does the first take as the second?"

# A sheet's first line.
SHEET = "{name}, by the convention {convention}:"
SHEET_OF_STUDENT = "{name} of {student}, by the convention {convention}:"
UNNAMED = "questions"

# The answers.
RIGHT = "{key}: right, {value}."
RIGHT_ROUNDED = "{key}: right, rounded; exactly it is {value}."
NO_NUMBER = '{key}: {given} is no number; answer with a number, as 34944, "34,944" or "1.05e8".'
A_UNIT = '{key}: {given} is more than a number; leave out what stands behind it, as 34944, "34,944" or "1.05e8".'
A_DECIMAL_COMMA = '{key}: the comma in {given} does not separate thousands; write "34,944", or a point: "1.05e8".'
A_CALCULATION = "{key}: {given} is a calculation in quotes; without the quotes Python computes it."
NO_ANSWER = "{key}: there is no answer yet; put your number in."
A_TRUTH_VALUE = "{key}: True and False are no numbers; answer with a number, as 34944."
AN_ARRAY = "{key}: answer with one number, not with an array of the shape {shape}."
NOT_FINITE = "{key}: {given} is no answer; a division by zero or an overflow may have made it."
TOO_COARSE = "{key}: give at least three digits, as 1.05e8, so that your answer can be told from others."
CUT_OFF = "{key}: {given} is cut off, not rounded; round its last digit to the nearest [cut_off]."

# Why an answer is wrong, in steps.
TOO_LARGE = "{key}: {given} is wrong; it is too large."
TOO_SMALL = "{key}: {given} is wrong; it is too small."
IS_NEGATIVE = "{key}: {given} is wrong; a count is never negative."
SHOULD_BE_WHOLE = "{key}: {given} is wrong; the answer is a whole number."
SHOULD_BE_ZERO = "{key}: {given} is wrong; there is nothing to count here."
ALL_DIGITS = "{key}: {given} is not exact; give all digits, or write a rounded answer as 1.05e8."
OTHER_CONVENTION = "By the convention {names} it would be right; here it is {convention}."
ONE_MISTAKE = "Probably: {title} [{id}]. {why}"
TWO_MISTAKES = "Probably two things at once: {first} and {second} [{id}]."
EITHER = "Several mistakes give this number: {titles} [{id}]. Which is yours?"
AFTER_EARLIER = "It follows from your answer to {earlier}, which is wrong [carried]; mend that one first."
#: Without the factor's value, which would give the right number away.
EXACT_FACTOR = "It is off by a factor of exactly {symbol} [{id}]."
BUILDS_ON = (
    "It builds on your answer to {earlier}, which is wrong; mend that one first. There is one more mistake in it."
)
UNKNOWN = "No single mistake that is known gives this number [{id}]; write down the formula, and the numbers below it."
FORMULA = "You may have computed {wrong}; it is {right}."
RIGHT_FORMULA = "It is {right}."
NUMBERS = "That is {wrong} = {given}; it should be {right} = {value}."
RIGHT_NUMBERS = "It should be {right} = {value}."

# What cannot be asked.
NO_KEY = "there is no question {key}; there are: {keys}"
NO_KEY_NEAR = "there is no question {key}; did you mean {near}?"
NO_QUESTION = "{name} has no {quantity} to ask for"
UNDER_A_GRADER = "practice=True scores nothing, so it does not run under a grader: leave it out in graded cells"
NO_POINTS = "points is a number from 0, as points=2, not {points}"
NO_STEP = "hint is a step of feedback from 1 to 4, as hint=2, not {hint}"
NO_SHEET = "there is no sheet here to check {key} with; make one first: sheet = course.sheet(…)"
NO_PEER = "{name} counts whole models, as its tool does; a course counts by rules: textbook.with_rules({{…}})"
NO_VARIANT = "no variant of {topic} was found in {tries} draws in which every mistake gives its own number"
NO_TOPIC = "there is no topic {topic}; there are: {topics}"
NO_QUANTITY = "there is no quantity {quantity}; there are: {quantities}"
NO_LAYERS = "{name}: give a layer, as conv2d(…), or a list of layers, not {type}; sheet(…) runs a model"
NO_AMOUNT = "a saving is of {quantities}; not of {quantity}"
NOT_ASKED = "there is no question about {quantity} here; there are: {quantities}"
NO_DIVISOR = "{name}: the second design takes no {quantity}, and nothing is divided by 0"
SAME_KEY = 'two questions have the key {key}; give each a name of its own: question(…, name="conv1")'
NO_SETTING = "a course has no such setting: {error}"
NO_SHARE = "carried_share is a part of the points from 0 to 1, not {share}"
NO_HINT = "highest_hint is a step from 1 to 4, not {hint}"
NO_SUBJECT = "a sheet is about a topic's name, layers, questions, a model or a report; not {type}"
NO_KIND = "there is no kind {kind}; formulas.FORMULAS names them all"
NO_SYMBOL = "{kind} has the symbols {symbols}; {missing} is missing"
NOT_A_SYMBOL = "{kind} has the symbols {symbols}; {name} is none of them"
NO_SYMBOLS = "{kind} computes nothing; only n, how many numbers come out, can be said of it, not {name}"
OTHER_SPATIAL = "{kind} has the symbols {symbols}; {name} is one of them with spatial={spatial}"
NO_SPATIAL = "spatial={spatial} is no number of axes; give one from 0 to 3"
NO_TIMES = "a layer is called a whole number of times from 1, not {times}"
NO_WHOLE = "{setting} takes whole numbers from {least}, not {value}"
NO_TRUTH = "{setting} is True or False, not {value}"
SET_TWICE = "{setting} is told by input_size; leave it out"
NO_DROPOUT = "a dropout zeroes between 1 and 99 per cent, not {percent}"
NO_SIZE = "input_size is a row of whole numbers from 1, as (3, 224, 224); not {size}"
NO_IMAGE = "input_size has {number} numbers, or one more with the batch in front; not {size}"
OTHER_CHANNELS = "input_size has {channels} channels, but in_channels is {in_channels}; they are the same"
NO_WORD = "{setting} is a number here, or one for each axis, not {word}: that is what is to be counted"
NO_GROUPS = "{groups} groups do not divide {channels} channels"
NO_LAYER = "this layer cannot be built: {error}"

# A sheet tried on itself.
SELFTEST_OK = "{questions} questions accept their right answers, reject {stubs} stubs and tell {mistakes} mistakes."
SELFTEST_PROBLEMS = "{number} problems in {questions} questions, {stubs} stubs and {mistakes} mistakes:"
SELFTEST_RIGHT = "{key} rejects its right answer"
SELFTEST_STUB = "{key} accepts the stub {stub}: its right answer is that"
SELFTEST_HIDDEN = "{key}: the mistake {id} gives the right number, so it goes unseen"
SELFTEST_ACCEPTED = "{key} accepts the mistake {id}"
SELFTEST_UNTOLD = "{key} calls the mistake {id} {found}"
SELFTEST_SAME = "{key}: {ids} give the same number, so both are named"

# A report whose numbers are hidden.
PREDICT_INPUT = "input {shape}"
PREDICT_CAPTION = "what does each layer take? put your numbers in"
PREDICT_COUNT = "{right} right, {wrong} wrong, {left} still open"
PREDICT_ALL_RIGHT = "All right. This is what it costs:"
PREDICT_REVEALED = "Your numbers stand beside the right ones. This is what it costs:"
PREDICT_HOW = "To fill it in, run this with your numbers for the dots; what you leave as dots stays open:"
PREDICT_AGAIN = "To go on, run this with your numbers for what is not right yet:"
PREDICT_TO_REVEAL = "{call} gives up and shows the numbers."
PREDICT_CHECK = "Check"
PREDICT_SHOW = "Show the numbers"
PREDICT_TABLE = "Layers to fill in"
PREDICT_REPORT = "What it costs"
PREDICT_IT_IS = "it is {value}"
PREDICT_HIDDEN = "the report is hidden until every number is right; prediction.reveal() shows it"
PREDICT_NOTHING = "{name} has no layer with parameters or MACs to ask for"
PREDICT_COLUMN = "a prediction asks for {columns}; not for {column}"
PREDICT_COLUMN_NEAR = "a prediction asks for {columns}; not for {column}; did you mean {near}?"
PREDICT_FILL = 'prediction.fill takes a dict of layers and numbers, as {{"conv1": {{"params": 456}}}}'
PREDICT_NO_REPORT = "a prediction is about a report, not a {type}: cost(model, size) makes one"
PREDICT_TRAINING = "a prediction asks about a forward run; leave the training step out"
PREDICT_FAILED = "a prediction needs a run that ends; this one stopped"
PREDICT_GRADER = "a prediction scores nothing, so it is not checked under a grader; use sheet.check in graded cells"

# What a class did.
CLASS_TITLE = "{students} students, {answers} answers: {right} right, {wrong} wrong, {none} no number"
CLASS_COLUMNS = ("question", "mistake", "students", "share of the wrong answers")
CLASS_NO_NUMBER = "no number"
CLASS_UNKNOWN = "not known"
CLASS_CARRIED = "follows from an earlier answer"
CLASS_CONVENTION = "right by another convention"
CLASS_COARSE = "too few digits"
CLASS_CUT_OFF = "cut off, not rounded"
CLASS_FACTOR = "off by a factor that is {symbol}"
CLASS_CHART = "mistakes of {students} students, by how many made them"
CLASS_CHART_ALT = "Bar chart. {title}. {bars}."
NO_CLASS_SHEET = "a class report is about a sheet, or a function that gives each student's, not about {type}"
NO_CLASS_FILE = "{path} cannot be read: {error}"
NO_CSV = "{path} is no CSV file in UTF-8 with the columns student, key, answer"
CLASS_NO_KEY = "the answers of {student} have a wrong key: {error}"
NO_ANSWERS = "answers are a dict of students, each with a dict of keys and answers, or rows of student, key, answer"


def say(template: str, **values: object) -> str:
    """A sentence with its values."""
    return template.format(**values)
