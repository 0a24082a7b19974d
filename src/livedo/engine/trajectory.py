"""What a run leaves behind: the samples, and the moment from which another run can go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from livedo.engine import advance as a

if TYPE_CHECKING:
    import polars as pl


class Reducer(Protocol):
    """Takes samples as they come, so that trajectories need not be kept."""

    def take(self, patients: np.ndarray, times: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        """Samples of some patients: ``values[name]`` has shape (patients, times). Called under a lock."""
        ...


@dataclass(frozen=True)
class Moment:
    """Where a run stopped, complete: give it to :func:`simulate` to go on.

    ``states``, ``parameters`` and ``control`` have shape (patients, rows). ``acted`` says whether events at ``time`` have
    acted already.
    """

    time: float
    states: np.ndarray
    parameters: np.ndarray
    control: np.ndarray
    acted: bool = True

    def restarted(self, time: float = 0.0) -> Moment:
        """The same patients on a new clock, at which events at ``time`` have yet to act."""
        control = self.control.copy()
        control[:, a.TIME] = time
        return replace(self, time=time, control=control, acted=False)

    def chosen(self, patients: np.ndarray) -> Moment:
        """Some of the patients, by number."""
        return replace(
            self, states=self.states[patients], parameters=self.parameters[patients], control=self.control[patients]
        )


@dataclass
class Trajectory:
    """What happened.

    Attributes
    ----------
    times:
        Sample times, shape (samples,), or (patients, samples).
    values:
        Observable -> shape (patients, samples); empty if nothing was to be kept. NaN after a failure.
    final:
        The last moment.
    failures:
        Patient -> reason.
    steps:
        Accepted steps, attempts, and rounds of the patient's group of lanes, each of shape (patients,). A lane that waits
        for its group, or whose step is refused, makes a round without an accepted step.
    """

    times: np.ndarray
    values: dict[str, np.ndarray]
    final: Moment
    failures: dict[int, str]
    steps: tuple[np.ndarray, np.ndarray, np.ndarray]
    layout_states: tuple[str, ...] = field(repr=False, default=())

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[name]

    @property
    def useful_lane_steps(self) -> float:
        """Share of all lane steps made that carried their patient onward."""
        accepted, _, rounds = self.steps
        return float(accepted.sum() / rounds.sum())

    def frame(self) -> pl.DataFrame:
        """The samples as a long table: ``patient``, ``time`` and a column for each observable."""
        import polars as pl

        first = next(iter(self.values.values()))
        columns = {
            "patient": np.repeat(np.arange(first.shape[0]), first.shape[1]),
            "time": np.broadcast_to(self.times, first.shape).ravel(),
        }
        return pl.DataFrame(columns | {name: values.ravel() for name, values in self.values.items()})

    def to_parquet(self, path: Path) -> None:
        """Write :meth:`frame` as Parquet (Arrow's file format)."""
        self.frame().write_parquet(path)

    def final_state(self, name: str) -> np.ndarray:
        """Last value of a state, shape (patients,)."""
        return self.final.states[:, self.layout_states.index(name)]
