"""From cumulative hazards to what happens: when someone dies and of what, how often sepsis or an admission comes.

The body integrates each hazard as a state. An event comes when its hazard, counted from the start, passes the person's own
exponential draw; the draw hangs on the seed, the person and the event alone, so that plans compared on the same people share
their luck. Several causes of death compete: the first to come is the death.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livedo.engine.randomness import uniform
from livedo.errors import InputError
from livedo.tables import read_table

TABLE = Path(__file__).with_name("outcomes.csv")


@dataclass(frozen=True)
class Hazard:
    """One row of ``outcomes.csv``: a death or an event that may come again, and the state that counts its hazard."""

    name: str
    kind: str
    symbol: str
    meaning: str


@functools.cache
def hazards(kind: str) -> tuple[Hazard, ...]:
    """Rows of a kind: ``death`` or ``event``."""
    return tuple(Hazard(**row) for row in read_table(TABLE, ("kind", "name")) if row["kind"] == kind)


#: Observables that :func:`outcomes` reads.
READ: tuple[str, ...] = tuple(h.symbol for kind in ("death", "event") for h in hazards(kind))
ALIVE = ""


@dataclass(frozen=True)
class Outcomes:
    """What happened to people.

    Attributes
    ----------
    died:
        Hour of death, shape (people,); infinite for those alive at the end.
    cause:
        Name of the cause, shape (people,); empty for those alive at the end.
    events:
        Event -> hours of each of the first few in life, shape (people, most); infinite where there was none.
    until:
        Hour at which observation ends.
    """

    died: np.ndarray
    cause: np.ndarray
    events: Mapping[str, np.ndarray]
    until: float

    def alive(self, hour: float) -> np.ndarray:
        """Whether each is alive at an hour, shape (people,)."""
        return self.died > hour

    def dead_by(self, hour: float, cause: str | None = None) -> float:
        """Share of people who have died by an hour, of a cause or of any."""
        of_it = np.ones(len(self.died), bool) if cause is None else self.cause == cause
        return float(((self.died <= hour) & of_it).mean())

    def had(self, event: str, hour: float) -> np.ndarray:
        """Whether each had an event by an hour, shape (people,)."""
        return self.events[event][:, 0] <= hour


def draw(seed: int, what: str, people: np.ndarray, occasion: int = 0) -> np.ndarray:
    """Exponential draws with mean one for people (their numbers, shape (n,))."""
    return -np.log(uniform(seed, f"outcome/{what}", people, occasion))


def when_passed(times: np.ndarray, hazard: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Hour at which a cumulative hazard passes a threshold.

    Parameters
    ----------
    times:
        Ascending hours, shape (samples,).
    hazard:
        Cumulative hazard from its start, shape (people, samples); it never falls.
    threshold:
        Shape (people,).

    Returns
    -------
    Shape (people,), linear between samples; infinite where it is not passed.
    """
    hazard = np.maximum.accumulate(np.asarray(hazard, dtype=float), axis=1)
    passed = hazard >= threshold[:, None]
    found = passed.any(axis=1)
    after = np.argmax(passed, axis=1)
    before = np.maximum(after - 1, 0)
    who = np.arange(len(hazard))
    low, high = hazard[who, before], hazard[who, after]
    share = np.where(high > low, (threshold - low) / np.where(high > low, high - low, 1.0), 0.0)
    hour = times[before] + np.clip(share, 0.0, 1.0) * (times[after] - times[before])
    return np.where(found, hour, np.inf)


def outcomes(
    values: Mapping[str, np.ndarray], times: np.ndarray, *, seed: int, people: np.ndarray, most: int = 4
) -> Outcomes:
    """Outcomes of people from sampled hazards.

    Parameters
    ----------
    values:
        Observable -> shape (people, samples), with those of :data:`READ`. The first sample is the start.
    times:
        Hours of the samples, ascending, at least two.
    seed, people:
        Of the draws, and the people's numbers, shape (people,).
    most:
        Events of a kind that are told of each person.

    Raises
    ------
    InputError
        If a hazard was not observed, or there are fewer than two samples.
    """
    times = np.asarray(times, dtype=float)
    if times.ndim != 1 or len(times) < 2:
        raise InputError("outcomes need samples from the start to the end", field="times", value=times.shape)
    for symbol in READ:
        if symbol not in values:
            raise InputError("a hazard was not observed", field="values", value=symbol, expected=", ".join(READ))

    def since_start(symbol: str) -> np.ndarray:
        return values[symbol] - values[symbol][:, :1]

    deaths = hazards("death")
    each = [when_passed(times, since_start(h.symbol), draw(seed, f"death/{h.name}", people)) for h in deaths]
    hours = np.stack(each, axis=1)
    first = hours.argmin(axis=1)
    died = hours.min(axis=1)
    names = np.array([h.name for h in deaths])
    cause = np.where(np.isfinite(died), names[first], ALIVE)
    events: dict[str, np.ndarray] = {}
    for event in hazards("event"):
        steps = np.stack([draw(seed, f"event/{event.name}", people, k) for k in range(most)], axis=1)
        hazard = since_start(event.symbol)
        came = np.stack([when_passed(times, hazard, t) for t in np.cumsum(steps, axis=1).T], axis=1)
        events[event.name] = np.where(came <= died[:, None], came, np.inf)
    return Outcomes(died, cause, events, float(times[-1]))
