"""``%cnncost`` and ``%%cnncost``: what a model costs, above the cell that writes it.

The magic runs the cell as it stands, finds the model, and gives its report; without the magic's line the cell
works as before.
"""

from __future__ import annotations

import sys
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope
from IPython.core.magic_arguments import argument, kwds, magic_arguments
from IPython.display import display
from traitlets import Bool, Enum, Int, TraitError, Unicode, observe, validate
from traitlets.config import Config

from nbcnncost.comparison import Comparison
from nbcnncost.conventions import CONVENTIONS, textbook
from nbcnncost.errors import CostError
from nbcnncost.languages import LANGUAGES, errors_in, translate
from nbcnncost.magic import completion
from nbcnncost.magic.body import Body, run_body
from nbcnncost.magic.comparing import check_comparison, compared
from nbcnncost.magic.folder import settings_here
from nbcnncost.magic.models import is_module, is_module_class, model_of_body, named_model, no_model_named
from nbcnncost.magic.options import DESCRIPTION, MODES, OPTIMIZER_NAMES, OPTIONS
from nbcnncost.magic.predicting import predicted
from nbcnncost.magic.reading import Options, read_columns, read_options, read_rules, split_rules
from nbcnncost.magic.speaking import language_of, with_help
from nbcnncost.magic.words import is_silenced
from nbcnncost.records import ITEM_SIZES
from nbcnncost.report import Report
from nbcnncost.side_by_side import SideBySide
from nbcnncost.views import VIEWS
from nbcnncost.views.fold import SORTABLE

__all__ = ["CnnCostMagics", "load", "unload"]


def _arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options to IPython, which makes the parser and the help text of them."""
    declare: Any = argument  # IPython's own types do not cover these three
    for option in reversed(OPTIONS):
        function = declare(*option.flags, **option.settings)(function)
    function = declare("words", nargs="*", metavar="MODEL", help="the model, instead of -m; several are compared")(
        function
    )
    finish: Any = magic_arguments
    described: Any = kwds
    declared: Callable[..., Any] = finish()(described(description=DESCRIPTION)(function))
    return declared


@magics_class
class CnnCostMagics(Magics):
    """The magic and its defaults, which ``%config CnnCostMagics`` shows and sets."""

    convention = Enum(tuple(CONVENTIONS), "textbook", help="What counts as what, as -c.").tag(config=True)
    rules = Unicode("", help="Rules of your own, comma separated, as --rule: batch_norm=2, comparisons=0.").tag(
        config=True
    )
    depth = Int(None, allow_none=True, min=1, help="Fold what is deeper, as -d.").tag(config=True)
    sort = Enum((None, *SORTABLE), None, allow_none=True, help="Sort by this column, as -s.").tag(config=True)
    top = Int(None, allow_none=True, min=1, help="How many rows to show, as -n.").tag(config=True)
    columns = Unicode("", help="The columns to show, comma separated, as --columns.").tag(config=True)
    view = Enum(VIEWS, "table", help="Table, chart or both, as --view.").tag(config=True)
    mode = Enum(MODES, "eval", help="The mode the model runs in, as --mode.").tag(config=True)
    optimizer = Enum(OPTIMIZER_NAMES, "sgd", help="A training step's optimizer, as --optimizer.").tag(config=True)
    batch = Int(None, allow_none=True, min=1, help="The batch size, as -b.").tag(config=True)
    dtype = Enum((None, *ITEM_SIZES), None, allow_none=True, help="The input's dtype, as --dtype.").tag(config=True)
    quiet = Bool(False, help="Show nothing, as -q.").tag(config=True)
    panel = Bool(False, help="Show one model's report as an interactive panel, as --panel.").tag(config=True)
    lang = Enum(LANGUAGES, "en", help="The language of tables, charts and messages, as --lang.").tag(config=True)

    def __init__(self, shell: Any, **settings: Any) -> None:
        super().__init__(shell, **settings)
        self.remove_completion: Callable[[], None] = completion.install(shell)

    @validate("columns")
    def _known_columns(self, proposal: Mapping[str, Any]) -> Any:
        try:
            read_columns(proposal["value"])
        except UsageError as error:
            raise TraitError(translate(str(error), self.lang)) from None
        return proposal["value"]

    @validate("rules")
    def _known_rules(self, proposal: Mapping[str, Any]) -> Any:
        try:
            textbook.with_rules(read_rules(split_rules(proposal["value"])))
        except (UsageError, CostError) as error:
            raise TraitError(translate(str(error), self.lang)) from None
        return proposal["value"]

    @observe("lang")
    def speak(self, _: object = None) -> None:
        """Let ``%cnncost?`` speak the language as well."""
        shell: Any = self.shell
        magic: Any = self
        for kind in ("line", "cell"):
            known = shell.magics_manager.magics[kind]
            if "cnncost" in known:  # else it is still being made
                known["cnncost"] = with_help(magic.cnncost, _parser(), self.lang)

    @needs_local_scope
    @line_cell_magic
    @_arguments
    def cnncost(self, line: str, cell: str | None = None, local_ns: Mapping[str, Any] | None = None) -> Any:
        """What a PyTorch CNN costs; ``%cnncost?`` shows :data:`~nbcnncost.magic.options.DESCRIPTION`."""
        __tracebackhide__ = True
        with errors_in(language_of(line, self.lang), CostError, UsageError):
            return self._answer(line, cell, local_ns)

    def _answer(self, line: str, cell: str | None, local_ns: Mapping[str, Any] | None) -> Any:
        __tracebackhide__ = True
        options = read_options(_parser(), line, self)
        check_comparison(options)
        shell: Any = self.shell
        body = None if cell is None else run_body(shell, cell)
        if body is not None and not body.silenced and body.value is not None:
            _show_as_the_cell_would(body)
        models = _models(shell, options, body, local_ns or {})
        if options.out is not None and any(shell.user_ns.get(options.out) is model for model in models):
            raise UsageError(f"--out {options.out} would replace the model itself; choose another name")
        report: Any = _report(models[0], options) if len(models) == 1 else _comparison(models, options)
        if options.compare:
            report = _side_by_side(report, options)
        if options.predict:
            report = predicted(report, options)
        if options.out is not None:
            shell.user_ns[options.out] = report
        result = report.panel() if options.panel and isinstance(report, Report) else report
        if options.quiet or is_silenced(line) or (body is not None and body.silenced):
            _keep_out_of_output(shell, result)
        return result


def _parser() -> ArgumentParser:
    """The parser that IPython made of the options."""
    parser: ArgumentParser = vars(CnnCostMagics.cnncost)["parser"]
    return parser


def load(shell: Any) -> None:
    """Add the magic and its completion to the shell; a bad value in its settings is told of and left out.

    Settings of the user's own go before those of the notebook's folder.
    """
    unload(shell)
    try:
        settings = settings_here()
        settings.merge(shell.config)
        magics = CnnCostMagics(shell, config=settings)
    except (TraitError, CostError) as error:
        warnings.warn(f"%config: {str(error).rstrip('.')}; the defaults are used instead", stacklevel=3)
        _forget(shell)
        magics = CnnCostMagics(shell, config=Config())
    shell.register_magics(magics)
    magics.speak()


def unload(shell: Any) -> None:
    """Take away everything that :func:`load` added."""
    manager = shell.magics_manager
    magics = manager.registry.get("CnnCostMagics")
    if isinstance(magics, CnnCostMagics):
        del manager.registry["CnnCostMagics"]
        magics.remove_completion()
        for kind in ("line", "cell"):
            manager.magics[kind].pop("cnncost", None)
    _forget(shell)


def _forget(shell: Any) -> None:
    """Take ours out of what ``%config`` knows; ``Magics`` adds itself there before it checks its values."""
    shell.configurables[:] = [entry for entry in shell.configurables if not isinstance(entry, CnnCostMagics)]


def _models(shell: Any, options: Options, body: Body | None, scope: Mapping[str, Any]) -> list[Any]:
    __tracebackhide__ = True
    if options.models:
        return [named_model(shell, expression, scope) for expression in options.models]
    if body is not None:
        return [model_of_body(body, shell.user_ns)]
    raise no_model_named({**shell.user_ns, **scope})


def _side_by_side(report: Report, options: Options) -> SideBySide:
    """The report in every convention; its chart goes to the one that the line names, else it shows all totals."""
    table = report.conventions()
    name = report.convention.name
    return table.with_look(view=options.view, name=name if name != table.ours.name else None, lang=options.lang)


def _comparison(models: Sequence[Any], options: Options) -> Comparison:
    """The comparison of several models, or of reports that there are."""
    __tracebackhide__ = True
    return compared([_side(*pair, options) for pair in zip(options.models, models, strict=True)], options)


def _side(label: str, model: Any, options: Options) -> Report:
    """The report of one of several models; an error says which one it is about."""
    __tracebackhide__ = True
    try:
        return model.with_look(lang=options.lang) if isinstance(model, Report) else _report(model, options)
    except CostError as error:
        raise error.about(label).with_traceback(error.__traceback__) from error.__cause__


def _report(model: Any, options: Options) -> Report:
    """The report, looking as asked for; if the run stops, its part so far is shown and the error raised."""
    __tracebackhide__ = True
    from nbcnncost.api import attempt

    made, error = attempt(
        model,
        options.inputs,
        dtypes=options.dtypes,
        batch_size=options.batch,
        mode=options.mode,
        convention=options.convention,
        execute=options.execute,
        training=options.training,
        optimizer=options.optimizer,
        input_grad=options.input_grad,
        lang=options.lang,
    )
    report = made.with_look(**options.look)
    if error is None:
        return report
    if report.rows and not options.quiet and not options.predict:
        _display(report)
    raise error.with_traceback(_without_our_frames(error.__traceback__))


def _without_our_frames(traceback: TracebackType | None) -> TracebackType | None:
    """The traceback as the model's own call would have given it."""
    entries = []
    while traceback is not None:
        if str(traceback.tb_frame.f_globals.get("__name__")).partition(".")[0] != __name__.partition(".")[0]:
            entries.append(traceback)
        traceback = traceback.tb_next
    kept = None
    for entry in reversed(entries):
        kept = TracebackType(kept, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return kept


def _display(value: Any) -> None:
    display(value)  # type: ignore[no-untyped-call]


def _show_as_the_cell_would(body: Body) -> None:
    """Show the value of the last expression, whose place the report takes; a model needs no showing."""
    if not is_module(body.value) and not is_module_class(body.value):
        _display(body.value)


def _keep_out_of_output(shell: Any, report: Any) -> None:
    """Let the cell not show this report, though it is its result; IPython resets the hook after each cell."""
    if not getattr(shell.display_trap, "_nested_level", True):  # outside of a cell nothing is shown
        return
    show = sys.displayhook
    sys.displayhook = lambda value: None if value is report else show(value)
