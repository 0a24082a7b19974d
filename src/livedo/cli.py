"""The command ``livedo``.

Heavy libraries are imported inside the commands, so that ``livedo --help`` answers at once. What a user gave wrongly ends
with one sentence on stderr and exit code 2.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, CycloptsError, Parameter, Token

from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.care import Plan

    Progress = Callable[[str, int, int], None]

MAX_YEARS = 20.0
MAX_MEMBERS = 4096


def _whole(_: object, tokens: Sequence[Token]) -> int:
    """A whole number as it is written: 1.5 is refused, not cut."""
    (token,) = tokens
    try:
        return int(token.value)
    except ValueError:
        raise ValueError(f'"{token.value}" is not a whole number') from None


Whole = Annotated[int, Parameter(converter=_whole)]


def _version() -> str:
    import livedo

    return livedo.__version__


app = App(
    name="livedo",
    help="Simulate calciphylaxis, from minerals to wound, under plans of care. Research software, not a medical device.",
    version=_version,
    help_format="plaintext",
)
model = App(name="model", help="The model itself.")
app.command(model)


@app.command
def run(
    *,
    chart: Path,
    patient: str | None = None,
    plan: Annotated[list[Path], Parameter(negative="")],
    years: float = 1.0,
    members: Whole = 64,
    seed: Whole = 1,
    out: Path,
    lesion: str | None = None,
    lesion_week: float = 0.0,
    condition: Annotated[list[str] | None, Parameter(negative="")] = None,
    threads: Whole | None = None,
) -> None:
    """Simulate one patient under one or more plans of care, and write a report.

    Parameters
    ----------
    chart
        The record: a FHIR bundle, a folder of OMOP tables, or a table of results.
    patient
        Who, if the record holds more than one patient on dialysis.
    plan
        A plan of care (YAML). Give the option once for each plan; they are shown in this order.
    years
        How long each plan runs, at most 20.
    members
        How many versions of the patient are simulated, at most 4096.
    seed
        The random draws. One seed gives one result, whatever the number of threads.
    out
        The folder for the report. An earlier run there is replaced.
    lesion
        Site of a lesion of calciphylaxis that is there when the plans start: proximal (thigh, abdomen, breast), calf or acral.
        Without it the skin is whole, and the chance of a first lesion is told.
    lesion_week
        Week of the plans in which the lesion begins, for one that is not there when they start.
    condition
        What the patient has beside what the record names: diabetes, liver cirrhosis, systemic lupus erythematosus and others of
        patients/conditions.csv. Give the option once for each.
    threads
        Threads; all processors if not given.
    """
    _check("years", years, 0.0 < years <= MAX_YEARS, f"more than 0 and at most {MAX_YEARS:g}")
    _check("members", members, 1 <= members <= MAX_MEMBERS, f"1 to {MAX_MEMBERS}")
    _check("seed", seed, 0 <= seed < 2**63, "0 or more")
    _check_threads(threads)

    from livedo.report import check_out, say, write

    check_out(out)

    from livedo.care import read_plan
    from livedo.records import read

    record = read(chart, patient)
    plans = [read_plan(path) for path in plan]
    _check_names(plans, plan)

    from livedo.tracking import compare

    inputs = {"chart": chart} | {f"plan {number}": path for number, path in enumerate(plan, 1)}
    with _progress() as progress:
        comparison = compare(
            record,
            plans,
            years=years,
            members=members,
            seed=seed,
            threads=threads,
            progress=progress,
            inputs=inputs,
            lesion=lesion,
            lesion_week=lesion_week,
            conditions=condition or (),
        )
        progress("writing the report", 0, 1)
        write(comparison, out)
        progress("writing the report", 1, 1)
    say(comparison)
    print(f"Report: {out / 'report.html'}")


@app.command
def evidence(
    *,
    only: str | None = None,
    suite: str | None = None,
    quick: Annotated[bool, Parameter(negative="")] = False,
    json: Path | None = None,
    html: Path | None = None,
    threads: Whole | None = None,
) -> None:
    """Simulate published figures and show which are met. A miss is a result: the exit code is 0.

    Parameters
    ----------
    only
        Figures whose id, experiment or quantity matches, for instance 'MV10*', 'calcium.*', '*FGF23*'.
    suite
        minerals, disease, skin, population or trials (the last three hold no figure yet); all if not given.
    quick
        Fewer virtual people: minutes instead of a quarter of an hour, with a larger Monte-Carlo error.
    json
        Write the scorecard as JSON to this file.
    html
        Write the scorecard as a page to this file.
    threads
        Threads; all processors if not given.
    """
    _check_threads(threads)
    _check_files(json, html)

    from livedo.evidence.registry import chosen, load_figures

    figures = chosen(load_figures(), only, suite)

    from livedo.evidence.scorecard import score
    from livedo.evidence.showing import page, summary, table

    with _progress() as progress:
        card = score(figures, quick=quick, threads=threads, progress=progress)
    if json is not None:
        _write(json, card.to_json())
    if html is not None:
        _write(html, page(card))

    from rich.console import Console

    Console().print(table(card))
    for sentence in summary(card):
        print(sentence)
    print("Research software, not a medical device.")


@app.command
def source(*, only: str | None = None, json: Path | None = None, threads: Whole | None = None) -> None:
    """Show statements about the disease beside what the model does, computed now, and what the literature says.

    Parameters
    ----------
    only
        One statement by its id, a subject, or statements that hold a word.
    json
        Write the statements and numbers as JSON to this file.
    threads
        Threads; all processors if not given.
    """
    _check_threads(threads)
    _check_files(json)

    from livedo.evidence.source_says import as_json, as_text, chosen, load_statements, said

    statements = chosen(load_statements(), only)

    from livedo.evidence.context import Context

    context = Context(quick=True, threads=threads)
    found = []
    with _progress() as progress:
        for number, statement in enumerate(statements):
            progress("computing", number, len(statements))
            found.append(said(statement, context))
            print(as_text(found[-1]), end="\n\n", flush=True)
        progress("computing", len(statements), len(statements))
    if json is not None:
        _write(json, as_json(found))
    print("One simulated person unless a population is named. Research software, not a medical device.")


@model.command
def export(*, organ: str | None = None, sbml: Path | None = None, antimony: Path | None = None) -> None:
    """Write the body, or one organ of it, to run in Tellurium, COPASI and other tools.

    Parameters
    ----------
    organ
        One organ alone, with what it reads from others at nominal values.
    sbml
        Write SBML to this file.
    antimony
        Write Antimony to this file.
    """
    chosen = [path for path in (sbml, antimony) if path is not None]
    if len(chosen) != 1:
        found = "both" if chosen else "neither"
        raise InputError(
            "one form of output is needed",
            where="livedo model export",
            value=found,
            expected="--sbml FILE or --antimony FILE",
        )
    (path,) = chosen

    from livedo.body import load_body
    from livedo.engine.export import organ_of, to_antimony, to_sbml

    body = load_body().model
    shown = body if organ is None else organ_of(body, organ)
    _write(path, to_sbml(shown) if sbml is not None else to_antimony(shown))


@app.command
def version() -> None:
    """Print the version."""
    print(_version())


def _check(field: str, value: object, fits: bool, expected: str) -> None:
    if not fits:
        raise InputError("out of range", field=field, value=value, expected=expected)


def _check_threads(threads: int | None) -> None:
    _check("threads", threads, threads is None or threads >= 1, "1 or more")


def _check_files(*paths: Path | None) -> None:
    """See that files can be written before anything runs."""
    for path in paths:
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise InputError("cannot be written", where=str(path), expected="a file in a folder that exists")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror})", where=str(path)) from error


def _check_names(plans: Sequence[Plan], files: Sequence[Path]) -> None:
    first: dict[str, Path] = {}
    for plan, file in zip(plans, files, strict=True):
        if plan.name in first:
            message = f"{first[plan.name]} has the same name"
            raise InputError(message, where=str(file), field="name", value=plan.name, expected="a name of its own")
        first[plan.name] = file


@contextmanager
def _progress() -> Iterator[Progress]:
    """Report progress on stderr: a bar on a terminal, else one line for each stage."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        said: set[str] = set()

        def tell(stage: str, done: int, of: int) -> None:
            if stage not in said:
                said.add(stage)
                print(f"livedo: {stage}", file=sys.stderr, flush=True)

        yield tell
        return

    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        tasks: dict[str, TaskID] = {}

        def move(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=of)
            bar.update(tasks[stage], completed=done, total=of)

        yield move


def _of_option(error: InputError, command: Sequence[str], options: Collection[str]) -> InputError:
    """An error about an argument of the library, told of the option of ``command`` that gave it."""
    if error.where or error.field is None or error.field not in options:
        return error
    option = f"--{error.field.replace('_', '-')}"
    where = " ".join(("livedo", *command))
    return InputError(error.message, where=where, field=option, value=error.value, expected=error.expected)


def main(tokens: Sequence[str] | None = None) -> None:
    """Run the command with ``tokens`` (those of the process if not given) and leave with its exit code.

    0: done; 2: something given cannot be used; 130: interrupted. Any other exception is a defect and shows as such.
    """
    try:
        names, _, _ = app.parse_commands(tokens)
        command, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
        try:
            command(*bound.args, **bound.kwargs)
        except InputError as error:
            raise _of_option(error, names, bound.signature.parameters) from error
    except (InputError, CycloptsError) as error:
        told = str(error)
        print(told if told.startswith("livedo ") else f"livedo: {told}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("livedo: interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    main()
