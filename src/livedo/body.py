"""The assembled body: organs merged into one model, with the tables that say what every number and state is.

A :class:`Body` knows no engine internals and no plan: it says which symbols are inputs, which are observables, which
laboratory analyte is which symbol, and which parameters differ between people. Equations stand in
``physiology/*.ant``, numbers in ``physiology/parameters.csv``.
"""

from __future__ import annotations

import functools
import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from livedo.errors import InputError
from livedo.tables import CONFIDENCES, STATUSES, Row, read_table

if TYPE_CHECKING:
    from livedo.engine import Kernel, Model, Places, Schedule, StateTraits

PHYSIOLOGY = Path(__file__).with_name("physiology")

#: Analyte, as the records name it -> symbol. Units are the canonical ones on both sides.
ANALYTES: Mapping[str, str] = MappingProxyType(
    {
        "calcium_total": "Ca_total",
        "calcium_ionised": "Ca_ionised",
        "phosphate": "P",
        "pth": "PTH",
        "calcitriol": "calcitriol",
        "calcidiol": "vitamin_D",
        "alp": "ALP",
        "albumin": "albumin_plasma",
        "bicarbonate": "HCO3",
        "magnesium": "Mg",
        "fgf23_intact": "FGF23",
        "fetuin_a": "fetuin_A",
        "body_weight": "weight",
    }
)

#: Inputs of the skin, at each site, and what each is held from: perfusion is read when something changes, not between.
SKIN_HELD: Mapping[str, str] = MappingProxyType(
    {"ischaemia": "ischaemic_share", "ischaemia_depth": "ischaemic_depth", "skin_PO2": "tissue_PO2"}
)

#: What a run gives unless asked for something else.
OBSERVABLES: tuple[str, ...] = (
    *("P", "Ca_total", "Ca_ionised", "PTH", "calcitriol", "ALP", "weight", "Quf_required"),
    *("albumin_plasma", "HCO3", "vitamin_D", "gland_mass", "Ca_bone"),
    *("FGF23", "CTX", "Mg", "fetuin_A", "CPP", "calcimimetic_occupancy"),
    *("P_removed_hd", "Ca_gained_hd", "P_urine", "Ca_urine", "Ca_absorbed", "P_absorbed"),
)


@dataclass(frozen=True)
class Parameter:
    """One row of ``parameters.csv``.

    ``spread`` is the sigma of the logarithm (lognormal) or the standard deviation (normal) between people, else None.
    ``status`` is measured, fitted, assumed, calibrated or input; ``confidence`` high, moderate or low.
    """

    name: str
    value: float
    unit: str
    organ: str
    meaning: str
    distribution: str
    spread: float | None
    source: str
    status: str
    confidence: str


@dataclass(frozen=True)
class Body:
    """The body as one model.

    Attributes
    ----------
    model:
        The merged equations.
    parameters:
        Name -> row of the table of numbers.
    labels:
        State -> what it is, in words.
    settings:
        Setting (``healthy``) -> values that make the body so, beside the table's own dialysis patient.
    sites:
        Places of the skin; a symbol that each has for itself is called ``name_site``.
    """

    model: Model
    parameters: Mapping[str, Parameter]
    labels: Mapping[str, str]
    settings: Mapping[str, Mapping[str, float]]
    sites: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Symbols that a schedule sets."""
        return tuple(p.name for p in self.parameters.values() if p.status == "input")

    @property
    def traits(self) -> tuple[Parameter, ...]:
        """Parameters that differ between people, inputs left out."""
        return tuple(p for p in self.parameters.values() if p.spread is not None and p.status != "input")

    @property
    def accumulators(self) -> tuple[str, ...]:
        """States that count, or follow so slowly that they set no step."""
        return tuple(s for s in self.model.states if self.model.traits_of(s).accumulator)

    @property
    def skin_held(self) -> Mapping[str, str]:
        """Input -> observable, for perfusion at every site: to be held whenever pressure, oxygen or vessels change."""
        return {f"{i}_{s}": f"{o}_{s}" for i, o in SKIN_HELD.items() for s in self.sites}

    @property
    def onsets_held(self) -> Mapping[str, str]:
        """Input -> observable, for the first lesion at every site: to be held every week."""
        return {f"lesion_begun_{s}": f"onset_due_{s}" for s in self.sites}

    def unit(self, symbol: str) -> str:
        """Unit identifier of any symbol.

        Raises
        ------
        InputError
            If the body has no such symbol.
        """
        unit = self.model.unit_of.get(symbol)
        if unit is None:
            raise InputError("the body has no such symbol", field="symbol", value=symbol)
        return unit

    def part_for(self, symbols: Sequence[str] = OBSERVABLES) -> Body:
        """The organs' states that some symbols depend on (:meth:`livedo.engine.Model.part_for`): minerals without vessels and
        skin, for instance, in a fraction of the time. What sessions hold (``Quf_required``) always stays; without all of a site's
        perfusion there are no sites to hold.

        Raises
        ------
        InputError
            If the body has no such symbol.
        """
        model = self.model.part_for((*symbols, "Quf_required"))
        held = (*self.skin_held.values(), *self.onsets_held.values())
        sites = self.sites if all(symbol in model.unit_of for symbol in held) else ()
        labels = {name: label for name, label in self.labels.items() if name in model.states}
        return replace(self, model=model, labels=MappingProxyType(labels), sites=sites)

    def kernel(self, observables: Sequence[str] = OBSERVABLES) -> Kernel:
        """Machine code for a group of patients at a time, from the cache when it is there.

        What schedules hold is always among the observables: ``Quf_required``, perfusion, and whether a lesion is due.
        """
        from livedo.engine import compile_model

        always = ("Quf_required", *self.skin_held.values(), *self.onsets_held.values())
        return compile_model(self.model, tuple(dict.fromkeys((*observables, *always))))


@functools.cache
def load_body() -> Body:
    """Read the organs and their tables, once.

    Raises
    ------
    InputError
        If a table is malformed, or the organs do not fit together (owners, units).
    """
    from livedo.engine import StateTraits

    places, at_sites = _sites()
    parameters = {row.name: row for row in (*_parameters(), *at_sites)}
    traits: dict[str, StateTraits] = {}
    labels: dict[str, str] = {}
    for row in read_table(PHYSIOLOGY / "states.csv", "name"):
        labels[row["name"]] = row["label"]
        traits[row["name"]] = StateTraits(
            scale=row.number("scale"),
            nonnegative=row.flag("nonnegative"),
            equilibrates=row.flag("equilibrates"),
            accumulator=row.flag("accumulator"),
        )
    model = _merged(parameters, traits, places)
    labels = _labels(model, labels, places)
    settings = _settings(parameters)
    return Body(model, MappingProxyType(parameters), MappingProxyType(labels), settings, places.names)


def _merged(parameters: Mapping[str, Parameter], traits: Mapping[str, StateTraits], places: Places) -> Model:
    """The merged organs; merging takes half a second, so the result is kept under a hash of all it came from."""
    from livedo.engine import Value, cache, load

    organs = sorted(path for path in PHYSIOLOGY.glob("*.ant") if path.name != "units.ant")
    sources = [*sorted(PHYSIOLOGY.iterdir()), *sorted(Path(cache.__file__).parent.glob("*.py"))]
    key = "body-" + cache.key_of(*(path.read_bytes() for path in sources if path.is_file()))
    stored = cache.read(key)
    if stored is not None:
        return pickle.loads(stored)
    model = load(
        organs,
        values={p.name: Value(p.value, p.unit) for p in parameters.values()},
        traits=traits,
        preamble=(PHYSIOLOGY / "units.ant").read_text(encoding="utf-8"),
        name="body",
        places=places,
    )
    cache.write(key, pickle.dumps(model))
    return model


def haemodialysis(
    at: Sequence[float] = (8.0, 56.0, 104.0),
    hours: float = 4.0,
    *,
    start: float = -math.inf,
    stop: float = math.inf,
    skin: bool = False,
    **during: float,
) -> Schedule:
    """Sessions of every week, as a schedule.

    Parameters
    ----------
    at:
        Start of each session, hours after Monday 00:00.
    hours:
        Length.
    start, stop:
        Sessions that start outside [start, stop) are left out, whole.
    skin:
        Whether perfusion of the skin is read at the start and end of each session and lesions are looked for every week;
        without it the skin stays whole.
    during:
        Inputs of the machine while a session runs: ``Qb``, ``Qd``, ``Ca_dialysate``. Those not given keep the
        body's own values.

    Returns
    -------
    Schedule
        The ultrafiltration rate is read from ``Quf_required`` at the start of each session and held to its end.
    """
    from livedo.engine import Schedule

    body = load_body()
    perfusion, lesions = (body.skin_held, body.onsets_held) if skin else ({}, {})
    return (
        Schedule()
        .hold_all(lesions, 0.0, every=168.0)
        .session(
            {**during, "session_hours": hours, "hd": 1.0},
            {"hd": 0.0},
            at=at,
            hours=hours,
            held={"Quf": "Quf_required"},
            held_then=perfusion,
            held_after=perfusion,
            start=start,
            stop=stop,
        )
    )


def _parameters() -> list[Parameter]:
    rows = read_table(PHYSIOLOGY / "parameters.csv", "name")
    return [_parameter(row, row["name"], row.number("value")) for row in rows]


def _parameter(row: Row, name: str, value: float) -> Parameter:
    row.choice("status", STATUSES)
    row.choice("confidence", CONFIDENCES)
    spread = row.number_or("spread", None)
    text = {key: row[key] for key in ("unit", "organ", "meaning", "distribution", "source", "status", "confidence")}
    return Parameter(name=name, **text, value=value, spread=spread)


def _sites() -> tuple[Places, list[Parameter]]:
    """Sites of the skin, from ``sites.csv``: the columns between ``name`` and ``unit`` are the sites, with a value for each.

    An organ named in the table stands at every site.
    """
    from livedo.engine import Places, at_place

    rows = read_table(PHYSIOLOGY / "sites.csv", "name")
    columns = list(rows[0])
    names = tuple(columns[columns.index("name") + 1 : columns.index("unit")])
    places = Places(names, frozenset(r["organ"] for r in rows), frozenset(r["name"] for r in rows))
    found = [_parameter(row, at_place(row["name"], place), row.number(place)) for row in rows for place in names]
    return places, found


def _settings(parameters: Mapping[str, Parameter]) -> Mapping[str, Mapping[str, float]]:
    settings: dict[str, dict[str, float]] = {}
    for row in read_table(PHYSIOLOGY / "settings.csv", ("setting", "name")):
        if row["name"] not in parameters:
            raise row.refuse("a setting names no parameter", "name", "a name of parameters.csv or sites.csv")
        settings.setdefault(row["setting"], {})[row["name"]] = row.number("value")
    return MappingProxyType({name: MappingProxyType(values) for name, values in settings.items()})


def _labels(model: Model, plain: Mapping[str, str], places: Places) -> dict[str, str]:
    """State -> label; a state at a site is told of by its plain name and gets the site's name added."""
    from livedo.engine import at_place

    labels: dict[str, str] = {}
    for name, label in plain.items():
        here = {at_place(name, place): f"{label}, {place}" for place in places.names}
        labels |= {name: label} if name in model.states else {k: v for k, v in here.items() if k in model.states}
        if name not in model.states and not here.keys() & set(model.states):
            raise InputError(
                "a described state is in no organ", where="physiology/states.csv", field="name", value=name
            )
    for name in sorted(set(model.states) - set(labels)):
        raise InputError("a state is not described", where="physiology/states.csv", field="name", value=name)
    return labels
