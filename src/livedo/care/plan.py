"""A plan of care: what will be done, in words a nephrologist can read aloud.

The models are strict and frozen; a key that is not known is refused, and quantities are strings with
units (``"300 mL/min"``, ``"2.5 mEq/L"``, ``"800 mg"``), kept in canonical units beside the words as
written. Times count from the plan's start: day 0 is Monday 00:00 of its first week. An item runs
from ``start`` up to, not including, ``stop``; without ``stop`` it runs to the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from livedo.care import quantity
from livedo.care.fields import (
    AS_ESTIMATED,
    AS_USUAL,
    EVERY,
    FROM_CHART,
    NONE,
    TIMES_A_DAY,
    AnyRoute,
    Clock,
    Day,
    DoseText,
    Given,
    IntakeText,
    Name,
    Route,
    Schedule,
    Time,
    one_of,
    quantity_in,
    quantity_or,
    read_count,
    read_day,
    read_items,
    read_words,
)
from livedo.care.quantity import Moment, Quantity
from livedo.errors import InputError

if TYPE_CHECKING:
    from livedo.care.treatments import Treatments


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Item(_Model):
    """Something that runs from ``start`` up to ``stop``."""

    start: Time = Moment(0.0, "day 0")
    stop: Time | None = None

    @property
    def from_h(self) -> float:
        """Hour at which it begins."""
        return self.start.hours

    @property
    def until_h(self) -> float:
        """Hour before which it ends; infinite without ``stop``."""
        return float("inf") if self.stop is None else self.stop.hours

    def runs_at(self, hour: float) -> bool:
        """Whether it runs at ``hour`` from the plan's start."""
        return self.from_h <= hour < self.until_h


class DialysisPrescription(_Item):
    """Haemodialysis on given days of the week.

    ``hours`` h; ``blood_flow``, ``dialysate_flow`` L/h; ``dialysate_calcium`` mmol/L (total);
    ``dry_weight`` kg, or None for the one in the chart; ``at`` hours after midnight. ``substitution`` L a session makes it
    haemodiafiltration, replaced after the filter; None is haemodialysis. ``dialysate_magnesium``,
    ``dialysate_bicarbonate``, ``dialysate_citrate`` and ``dialysate_phosphate`` (for long sessions) mmol/L; ``plasma_treated`` L
    of plasma a session through a rheopheresis filter; ``large_solute_clearance`` L/h of fetuin-A, of a medium cut-off membrane.
    """

    days: Annotated[
        tuple[Annotated[Day, BeforeValidator(read_day)], ...], BeforeValidator(read_items), Field(min_length=1)
    ]
    hours: Annotated[Quantity, quantity_in(quantity.DURATION)]
    blood_flow: Annotated[Quantity, quantity_in(quantity.FLOW)]
    dialysate_flow: Annotated[Quantity, quantity_in(quantity.FLOW)]
    dialysate_calcium: Annotated[Quantity, quantity_in(quantity.CALCIUM)]
    dry_weight: Annotated[Quantity | None, quantity_or(FROM_CHART, quantity.WEIGHT)] = None
    at: Clock = Moment(8.0, "08:00")
    substitution: Annotated[Quantity | None, quantity_or(NONE, quantity.VOLUME)] = None
    dialysate_magnesium: Annotated[Quantity | None, quantity_or(AS_USUAL, quantity.MAGNESIUM)] = None
    dialysate_bicarbonate: Annotated[Quantity | None, quantity_or(AS_USUAL, quantity.BICARBONATE)] = None
    dialysate_citrate: Annotated[Quantity | None, quantity_or(NONE, quantity.CITRATE)] = None
    dialysate_phosphate: Annotated[Quantity | None, quantity_or(NONE, quantity.PHOSPHATE)] = None
    plasma_treated: Annotated[Quantity | None, quantity_or(NONE, quantity.VOLUME)] = None
    large_solute_clearance: Annotated[Quantity | None, quantity_or(NONE, quantity.FLOW)] = None


class PeritonealDialysis(_Item):
    """Peritoneal dialysis, every day alike.

    CAPD: ``exchanges`` a day of ``fill`` L, the longest over the ``night`` (h), the others sharing the rest. APD: ``exchanges``
    in the ``night`` (h), and by day ``day_dwell`` L, or None for a dry day. ``dialysate_calcium`` mmol/L (total); ``buffer``
    mmol/L of lactate or bicarbonate; ``ultrafiltration`` L/h, the most that the prescribed glucose draws.
    ``with_haemodialysis`` says that haemodialysis at the same time is meant.
    """

    mode: Annotated[Literal["CAPD", "APD"], one_of("CAPD", "APD")]
    exchanges: Annotated[int, BeforeValidator(read_count)]
    fill: Annotated[Quantity, quantity_in(quantity.VOLUME)]
    dialysate_calcium: Annotated[Quantity, quantity_in(quantity.CALCIUM)]
    night: Annotated[Quantity, quantity_in(quantity.DURATION)] = Quantity(9.0, "h", "9 h")
    day_dwell: Annotated[Quantity | None, quantity_or(NONE, quantity.VOLUME)] = None
    ultrafiltration: Annotated[Quantity | None, quantity_or(AS_USUAL, quantity.FLUID_INTAKE)] = None
    buffer: Annotated[Quantity | None, quantity_or(AS_USUAL, quantity.BICARBONATE)] = None
    with_haemodialysis: Annotated[Literal["yes", "no"], one_of("yes", "no")] = "no"


class KidneyFunction(_Item):
    """What the own kidneys filter at its start: ``egfr`` L/h, and ``decline``, lost steadily, L/h each hour."""

    egfr: Annotated[Quantity, quantity_in(quantity.FILTRATION)]
    decline: Annotated[Quantity | None, quantity_or(NONE, quantity.DECLINE)] = None


class Transplant(_Item):
    """A kidney transplant on the day of its start; the graft is lost at its stop.

    ``egfr`` L/h is what the graft comes to within weeks, ``decline`` what it loses, L/h each hour. The own kidneys count as
    nothing from then on.
    """

    egfr: Annotated[Quantity, quantity_in(quantity.FILTRATION)]
    decline: Annotated[Quantity | None, quantity_or(NONE, quantity.DECLINE)] = None


class Prednisolone(_Item):
    """Prednisolone by mouth, ``dose`` mg/h."""

    dose: Annotated[Quantity, quantity_in(quantity.DAILY_DRUG)]


class Diet(_Model):
    """Daily intake: phosphate (as phosphorus) and calcium mmol/h, fluid L/h; None means as estimated."""

    phosphate: Annotated[Quantity | None, quantity_or(AS_ESTIMATED, quantity.PHOSPHATE_INTAKE)] = None
    calcium: Annotated[Quantity | None, quantity_or(AS_ESTIMATED, quantity.CALCIUM_INTAKE)] = None
    fluid: Annotated[Quantity | None, quantity_or(AS_ESTIMATED, quantity.FLUID_INTAKE)] = None


class Binder(_Item):
    """A phosphate binder."""

    drug: Name
    dose: DoseText
    taken: IntakeText


class ActiveVitaminD(_Item):
    """Active vitamin D or an analogue."""

    drug: Name
    dose: DoseText
    schedule: Schedule
    route: Route


class CalciumSupplement(_Item):
    """Calcium taken apart from meals."""

    drug: Name
    dose: DoseText
    taken: IntakeText


class Calcimimetic(_Item):
    """A calcimimetic."""

    drug: Name
    dose: DoseText
    schedule: Schedule


class Action(_Item):
    """Something done about the lesion itself, a row of ``actions.csv``.

    ``dose`` in words with its unit, or None for the usual one; ``sessions`` at most this many, ``per_week`` of them; ``site``
    of the skin, or None for wherever there is a wound.
    """

    action: Name
    dose: Annotated[str | None, BeforeValidator(read_words)] = None
    sessions: Annotated[int | None, BeforeValidator(read_count), Field(gt=0)] = None
    per_week: Annotated[int | None, BeforeValidator(read_count), Field(ge=1, le=7)] = None
    site: Annotated[str | None, BeforeValidator(read_words)] = None

    @property
    def dose_value(self) -> float | None:
        """The dose in the table's unit; None for the usual one.

        Raises
        ------
        InputError
            If it is not a number with the unit of this action.
        """
        from livedo.care.actions import find

        if self.dose is None:
            return None
        number, _, unit = self.dose.partition(" ")
        kind = find(self.action)
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if value != value or " ".join(unit.lower().split()) != kind.dose_unit.lower():
            expected = f"a number in {kind.dose_unit}" if kind.dose_unit else "a number without unit"
            raise InputError("cannot be read as a dose", field="dose", value=self.dose, expected=expected)
        return value


class Medicine(_Item):
    """A drug of any other class of ``classes.csv``.

    ``schedule`` is ``daily`` (or ``twice a day``), ``each session``, ``once`` (at the start), or such as ``every 26 weeks``
    from the start. Without ``route`` it is the drug's usual one, the first of its row.
    """

    drug: Name
    dose: DoseText
    schedule: Given
    route: AnyRoute | None = None

    @property
    def kind(self) -> str:
        """``daily``, ``each session``, ``once`` or ``every``."""
        return (
            "every"
            if EVERY.fullmatch(self.schedule)
            else "daily"
            if TIMES_A_DAY.fullmatch(self.schedule)
            else self.schedule
        )

    @property
    def times(self) -> int:
        """Doses a day of a daily drug."""
        found = TIMES_A_DAY.fullmatch(self.schedule)
        return 1 if found is None else {"once": 1, "twice": 2}.get(found[1]) or int(found[1])

    @property
    def every_h(self) -> float | None:
        """Hours from dose to dose of one that is given every so often; None for the others."""
        found = EVERY.fullmatch(self.schedule)
        return None if found is None else float(found[1] or 1) * (24.0 if found[2] == "day" else 168.0)


KidneyItem = PeritonealDialysis | KidneyFunction | Transplant | Prednisolone
Drug = Binder | ActiveVitaminD | CalciumSupplement | Calcimimetic | Medicine


class Plan(_Model):
    """What will be done for a patient.

    ``livedo.care.read_plan`` reads one from YAML and checks it; a plan built in Python is checked by
    ``livedo.care.check_plan``.
    """

    name: Name
    description: str = ""
    dialysis: Annotated[tuple[DialysisPrescription, ...], BeforeValidator(read_items)] = ()
    peritoneal_dialysis: Annotated[tuple[PeritonealDialysis, ...], BeforeValidator(read_items)] = ()
    kidney_function: Annotated[tuple[KidneyFunction, ...], BeforeValidator(read_items)] = ()
    transplant: Annotated[tuple[Transplant, ...], BeforeValidator(read_items)] = ()
    prednisolone: Annotated[tuple[Prednisolone, ...], BeforeValidator(read_items)] = ()
    diet: Diet = Diet()
    binders: Annotated[tuple[Binder, ...], BeforeValidator(read_items)] = ()
    active_vitamin_d: Annotated[tuple[ActiveVitaminD, ...], BeforeValidator(read_items)] = ()
    calcium: Annotated[tuple[CalciumSupplement, ...], BeforeValidator(read_items)] = ()
    calcimimetic: Annotated[tuple[Calcimimetic, ...], BeforeValidator(read_items)] = ()
    actions: Annotated[tuple[Action, ...], BeforeValidator(read_items)] = ()

    medicines: Annotated[tuple[Medicine, ...], BeforeValidator(read_items)] = ()

    def drugs(self) -> tuple[tuple[tuple[str, int], str, Drug], ...]:
        """Every drug with its place in the plan and its class: ``((section, number), class, item)``."""
        from livedo.care import treatments

        sections: tuple[tuple[str, str, tuple[Drug, ...]], ...] = (
            ("binders", treatments.BINDER, self.binders),
            ("active_vitamin_d", treatments.VITAMIN_D, self.active_vitamin_d),
            ("calcium", treatments.SUPPLEMENT, self.calcium),
            ("calcimimetic", treatments.CALCIMIMETIC, self.calcimimetic),
            ("medicines", treatments.MEDICINE, self.medicines),
        )
        return tuple(
            ((section, index), drug_class, item)
            for section, drug_class, items in sections
            for index, item in enumerate(items)
        )

    def kidney_items(self) -> tuple[tuple[tuple[str, int], KidneyItem], ...]:
        """Peritoneal dialysis, kidney function, transplants and prednisolone, each with its place in the plan."""
        sections: tuple[tuple[str, tuple[KidneyItem, ...]], ...] = (
            ("peritoneal_dialysis", self.peritoneal_dialysis),
            ("kidney_function", self.kidney_function),
            ("transplant", self.transplant),
            ("prednisolone", self.prednisolone),
        )
        return tuple(((section, index), item) for section, items in sections for index, item in enumerate(items))

    def items(self) -> tuple[tuple[tuple[str, int], DialysisPrescription | KidneyItem | Drug | Action], ...]:
        """Everything that has a start and a stop, with its place in the plan."""
        prescriptions = tuple((("dialysis", index), item) for index, item in enumerate(self.dialysis))
        done = tuple((("actions", index), item) for index, item in enumerate(self.actions))
        return prescriptions + self.kidney_items() + tuple((place, item) for place, _, item in self.drugs()) + done

    def sessions_per_week(self, hour: float = 0.0) -> int:
        """How many dialysis sessions a week are prescribed at ``hour`` from the plan's start."""
        return sum(len(item.days) for item in self.dialysis if item.runs_at(hour))

    def pills_per_day(self, hour: float = 0.0, treatments: Treatments | None = None) -> float:
        """Tablets and capsules a day prescribed at ``hour``, a mean over the week.

        A dose is made of the fewest tablets of the strengths in the table; doses by vein count none.

        Raises
        ------
        InputError
            A drug that is not in the table, or a dose that cannot be read for it.
        """
        from livedo.care.doses import pills_per_day

        return pills_per_day(self, hour, treatments)

    def describe(self, treatments: Treatments | None = None) -> str:
        """The plan in plain sentences, one a line.

        Raises
        ------
        InputError
            A drug that is not in the table, or a dose that cannot be read for it.
        """
        from livedo.care.describing import describe

        return describe(self, treatments)
