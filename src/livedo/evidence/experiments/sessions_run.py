"""One dialysis session of a group, sampled every quarter of an hour: what sessions and calcium read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livedo.body import haemodialysis
from livedo.evidence.context import MIDWEEK, Context, Group


@dataclass(frozen=True)
class Session:
    """A session: hours from its start (up to two after its end), observable -> shape (people, samples)."""

    hours: np.ndarray
    values: dict[str, np.ndarray]
    length: float

    def at(self, name: str, hour: float) -> np.ndarray:
        """An observable at an hour of the session, shape (people,)."""
        return self.values[name][:, int(np.argmin(np.abs(self.hours - hour)))]

    def change(self, name: str, hour: float | None = None) -> np.ndarray:
        """Change of an observable from the start to an hour, or to the end."""
        return self.at(name, self.length if hour is None else hour) - self.at(name, 0.0)


def replaced(substitution: float, hours: float) -> dict[str, float]:
    """Input of haemodiafiltration with so many litres replaced in a session; nothing for none."""
    return {"Qsub": substitution / hours} if substitution else {}


def session(
    ctx: Context, group: Group, name: str, hours: float = 4.0, *, start: float = MIDWEEK, **during: float
) -> Session:
    """The midweek or another session of a group with a machine set otherwise for this one session.

    Parameters
    ----------
    name:
        Of the group, for keeping.
    hours:
        Length.
    start:
        When it begins, hours after Monday 00:00: midweek, or at 8 the first of the week.
    during:
        Inputs while it runs: ``Ca_dialysate``, ``HCO3_dialysate``, ``Qb`` ...
    """

    def make() -> Session:
        offsets = np.arange(0.0, hours + 2.01, 0.25)
        before = tuple(usual for usual in (8.0, MIDWEEK) if usual < start)
        schedule = haemodialysis(at=(start,), hours=hours, skin=False, **during)
        if before:
            schedule = haemodialysis(at=before) + schedule
        run = group.run(start + hours + 2.5, start + offsets, schedule, tolerance=1e-6)
        return Session(offsets, run.values, hours)

    return ctx.once(("session", name, hours, start, tuple(sorted(during.items()))), make)
