"""A group of patients through one window of time: steps, switches, samples.

Each lane has its own clock, step, switches and samples. A step never crosses the lane's next switch. At a switch the
lane's own events act in their order; samples at the same time were taken before, so a sample shows the value on the
left of a jump. Steps after a switch are those that were best after the last switch of the same phase, one by one: what
follows a session resembles what followed the one before, and a controller that looks back one step finds out late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from livedo.engine.lanes import WIDTH
from livedo.engine.rosenbrock import Norm, attempt, dense
from livedo.engine.system import System
from livedo.engine.tableaus import Tableau

#: Rows of the control block of a group; PLACE is the row that remembers the step to come (0 for none), LAST_PLACE where
#: its phase ends.
TIME, STEP, LAST_ERROR, TARGET, STATUS, ACCEPTED, TRIED, ROUNDS, ALLOWED, PLACE, LAST_PLACE = range(11)
#: Distinct phases, phase 0 being "no phase", and how many steps of each are remembered (0 where nothing is known yet).
PHASES, REMEMBERED = 8, 8
MEMORY = LAST_PLACE + 1
CONTROL_ROWS = MEMORY + PHASES * REMEMBERED

#: What an event does: set or add to a parameter or state, multiply a state, copy an observable into a parameter.
SET_PARAMETER, ADD_TO_STATE, SCALE_STATE, SET_STATE, HOLD, HOLD_ALSO = range(6)

#: Why a lane stopped.
RUNNING, STEP_TOO_SMALL, TOO_MANY_STEPS = range(3)
REASONS = {STEP_TOO_SMALL: "the step size fell below its limit", TOO_MANY_STEPS: "too many steps in one window"}

#: Smallest step, in time units; a day has 24 h, so this is a few microseconds.
SMALLEST_STEP = 1e-9
#: Step controller: safety, bounds of growth, and the share of the last error (proportional-integral control).
SAFETY, SHRINK, GROW, PI_SHARE = 0.9, 0.2, 6.0, 0.3
#: Share of a remembered step that is taken, after the first of its phase, where the controller would take less. Whole ones
#: make every error as large as it may be; with this share the error at the readings stays what the controller alone gives, for
#: up to a fifth fewer steps (docs/performance.md).
REPEATED = 0.65
MAX_TRIES = 200_000.0


@dataclass(frozen=True)
class Stepper:
    """What the advancing text needs to know at compile time."""

    system: System
    tableau: Tableau
    norm: Norm


@dataclass(frozen=True)
class Window:
    """Arguments of one call, as a text sees them.

    ``y, p, c, w`` are blocks of rows (states, parameters, hoisted, control) for consecutive groups. Events and samples
    lie one patient after another: patient k has ``event_from[k] .. event_from[k + 1]``; cursors count from there. The
    arrays of times end with one entry more, because a text reads before it tests.
    """

    y: Any
    p: Any
    c: Any
    w: Any
    event_from: Any
    event_time: Any
    event_kind: Any
    event_row: Any
    event_phase: Any
    event_value: Any
    sample_from: Any
    sample_time: Any
    samples: Any


def advance(m: Any, stepper: Stepper, group: Any, end: Any, tolerance: Any, longest: Any, data: Window) -> None:
    """Carry one group to ``end``.

    Parameters
    ----------
    group:
        Which group of the blocks.
    end, tolerance, longest:
        End of the window, relative tolerance, longest step (numbers).
    """
    system = stepper.system
    n = len(system.states)
    y, p = m.block(data.y, group, n), m.block(data.p, group, max(1, len(system.parameters)))
    c, w = m.block(data.c, group, max(1, len(system.hoisted))), m.block(data.w, group, CONTROL_ROWS)
    new, u, observed, inside = (
        m.array(n),
        m.array(max(1, system.moving) * stepper.tableau.stages),
        m.array(max(1, len(system.outputs))),
        m.array(n),
    )
    event, sample = m.integers(WIDTH), m.integers(WIDTH)
    last_event, last_sample = m.integers(WIDTH), m.integers(WIDTH)
    theta, step = m.array(1), m.array(1)
    first = group * WIDTH

    def begin(k: Any) -> None:
        event[k] = data.event_from[first + k]
        last_event[k] = data.event_from[first + k + 1]
        sample[k] = data.sample_from[first + k]
        last_sample[k] = data.sample_from[first + k + 1]
        w[ALLOWED, k] = w[TRIED, k] + MAX_TRIES

    def aim(k: Any) -> None:
        """The lane may step to its next event, or to the end."""
        w[TARGET, k] = end
        m.when(event[k] < last_event[k], lambda: m.put(w, TARGET, k, m.lesser(data.event_time[event[k]], end)))

    def act(k: Any) -> None:
        """Let every event of this lane act whose time has come."""
        acted, recalled = m.integers(1), m.integers(1)
        acted[0] = m.integer(0)
        recalled[0] = m.integer(0)

        def due() -> Any:
            return (event[k] < last_event[k]) & (data.event_time[event[k]] <= w[TIME, k])

        def apply() -> None:
            e = event[k]
            kind, row, value, phase = data.event_kind[e], data.event_row[e], data.event_value[e], data.event_phase[e]

            def hold() -> None:
                m.call("hoist", system.hoist, y, p, c)
                m.call("observe", system.observe, y, p, c, observed)
                hold_also()

            def hold_also() -> None:
                p[row, k] = observed[m.truncate(value), k]

            m.when(kind == SET_PARAMETER, lambda: m.put(p, row, k, value))
            m.when(kind == ADD_TO_STATE, lambda: m.put(y, row, k, y[row, k] + value))
            m.when(kind == SCALE_STATE, lambda: m.put(y, row, k, y[row, k] * value))
            m.when(kind == SET_STATE, lambda: m.put(y, row, k, value))
            m.when(kind == HOLD, hold)
            m.when(kind == HOLD_ALSO, hold_also)
            m.when(phase >= 0, lambda: recall(phase))
            event[k] = e + 1
            acted[0] = m.integer(1)

        def recall(phase: Any) -> None:
            row = phase * REMEMBERED + MEMORY
            w[STEP, k] = w[row, k]
            w[PLACE, k] = m.real(row)
            w[LAST_PLACE, k] = m.real(row + (REMEMBERED - 1))
            w[LAST_ERROR, k] = 1.0
            recalled[0] = m.integer(1)

        m.loop_while(due, apply)
        m.when(acted[0] == 1, lambda: m.call("hoist", system.hoist, y, p, c))
        # What came in between has no like among the remembered.
        m.when(acted[0] > recalled[0], lambda: m.put(w, PLACE, k, m.number(0.0)))

    def take(k: Any) -> None:
        """Write one sample of this lane from ``observed``."""
        width = max(1, len(system.outputs))
        base = sample[k] * width
        m.loop(len(system.outputs), lambda j: m.put_at(data.samples, base + j, observed[j, k]))
        sample[k] = sample[k] + 1

    def waiting(k: Any, until: Any) -> Any:
        return (sample[k] < last_sample[k]) & (data.sample_time[sample[k]] <= until)

    def take_first(k: Any) -> None:
        def now() -> None:
            m.call("observe", system.observe, y, p, c, observed)
            take(k)

        m.loop_while(lambda: waiting(k, w[TIME, k]), now)

    m.loop(WIDTH, begin)
    m.call("hoist", system.hoist, y, p, c)
    m.loop(WIDTH, take_first)
    m.loop(WIDTH, act)
    m.loop(WIDTH, aim)

    def running() -> Any:
        return m.any((w[TIME] < end) & (w[STATUS] == 0.0))

    def step_all() -> None:
        time, target = w[TIME], w[TARGET]
        active = (time < end) & (w[STATUS] == 0.0)
        room = target - time
        wanted = m.minimum(w[STEP], longest)
        # Reach the target in one step, or leave at least half a step for the last one.
        h = m.select(wanted > room * 0.999, room, m.select(wanted > room * 0.5, room * 0.5, wanted))
        h = m.select(active, h, 1e-3)
        step[0] = h
        error = attempt(m, system, stepper.tableau, stepper.norm, y, p, c, h, tolerance, u, new)
        good = active & (error <= 1.0)
        arrived = good & (h >= room)
        after = m.select(arrived, target, time + h)
        m.when(m.any(good), lambda: sample_inside(good, time, after))

        def keep(i: Any) -> None:
            y[i] = m.select(good, new[i], y[i])

        m.loop(system.moving, keep)
        control(good, active, error, h)
        w[TIME] = m.select(good, after, time)
        m.when(m.any(arrived), lambda: m.loop(WIDTH, switch))

    def switch(k: Any) -> None:
        def now() -> None:
            act(k)
            aim(k)

        m.when(w[TIME, k] >= w[TARGET, k], now)

    def sample_inside(good: Any, time: Any, after: Any) -> None:
        """Samples that fall inside the step just made, one of each lane at a time."""
        reached = m.array(1)
        reached[0] = m.select(good, after, time)

        def left() -> Any:
            due = m.integers(1)
            due[0] = m.integer(0)
            m.loop(WIDTH, lambda k: m.when(waiting(k, reached[0, k]), lambda: m.put_at(due, 0, 1)))
            return due[0] == 1

        def place(k: Any) -> None:
            theta[0, k] = 1.0
            start, size = w[TIME, k], step[0, k]
            m.when(
                waiting(k, reached[0, k]),
                lambda: m.put(theta, 0, k, m.lesser((data.sample_time[sample[k]] - start) / size, m.number(1.0))),
            )

        def next_ones() -> None:
            m.loop(WIDTH, place)
            dense(m, system, stepper.tableau, y, new, u, theta[0], inside)
            m.call("observe", system.observe, inside, p, c, observed)
            m.loop(WIDTH, lambda k: m.when(waiting(k, reached[0, k]), lambda: take(k)))

        m.loop_while(left, next_ones)

    def control(good: Any, active: Any, error: Any, h: Any) -> None:
        """Next step size; failures."""
        finite = m.select(error < 1e300, error, 1e300)
        size = m.maximum(finite, 1e-10)
        power = 1.0 / stepper.tableau.order
        logs = m.log2(size)
        best = m.exp2(logs * -power) * SAFETY
        smooth = best * m.exp2((m.log2(w[LAST_ERROR]) - logs) * (power * PI_SHARE))
        grown = m.minimum(m.maximum(smooth, SHRINK), GROW)
        shrunk = m.minimum(m.maximum(best, SHRINK), 0.9)
        following = h * m.select(good, grown, shrunk)
        # A step cut short by a switch says nothing against the longer one that was wanted.
        following = m.select(good & (h < w[STEP] * 0.99), m.maximum(following, w[STEP]), following)
        learning = good & (w[PLACE] > 0.0)
        cut = h < w[STEP] * 0.99
        w[STEP] = m.select(active, following, w[STEP])
        m.when(m.any(learning), lambda: learn(learning, cut, h, h * m.minimum(m.maximum(best, SHRINK), GROW)))
        w[LAST_ERROR] = m.select(good, m.maximum(size, 1e-4), w[LAST_ERROR])
        w[ACCEPTED] = w[ACCEPTED] + m.select(good, 1.0, 0.0)
        w[TRIED] = w[TRIED] + m.select(active, 1.0, 0.0)
        w[ROUNDS] = w[ROUNDS] + 1.0
        small = active & (following < SMALLEST_STEP)
        many = active & (w[TRIED] > w[ALLOWED])
        w[STATUS] = m.select(small, float(STEP_TOO_SMALL), m.select(many, float(TOO_MANY_STEPS), w[STATUS]))

    def learn(learning: Any, cut: Any, h: Any, sizes: Any) -> None:
        """Remember the best size of the step just made, and offer the one remembered for the next."""
        place, best, bound = m.array(1), m.array(1), m.array(1)
        place[0] = m.select(learning, w[PLACE], 0.0)
        # A step cut short by a switch may say too little of the longer one.
        best[0] = m.select(cut, -sizes, sizes)
        bound[0] = h * GROW

        def onward(row: Any, k: Any) -> None:
            w[PLACE, k] = m.real(row)
            offered = m.lesser(w[row, k] * REPEATED, bound[0, k])
            m.when(offered > w[STEP, k], lambda: m.put(w, STEP, k, offered))

        def one(k: Any) -> None:
            row, size = m.truncate(place[0, k]), best[0, k]
            m.when(size > 0.0, lambda: m.put(w, row, k, size))
            m.when(size + w[row, k] < 0.0, lambda: m.put(w, row, k, 0.0 - size))
            last = w[PLACE, k] >= w[LAST_PLACE, k]
            m.when(last, lambda: m.put(w, PLACE, k, m.number(0.0)))
            m.when(w[PLACE, k] > 0.0, lambda: onward(row + 1, k))

        m.loop(WIDTH, lambda k: m.when(place[0, k] > 0.0, lambda: one(k)))

    m.loop_while(running, step_all)
