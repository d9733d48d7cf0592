"""The adaptive launch: each round trains only the most informative points, until every rule is settled.

All of its state is in the study's directory, so it can be stopped at any moment and resumed by the same line.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import count
from math import ceil, inf

from analysis.suggest.sentences import flops_text
from analysis.suggest.standing import Standing
from analysis.suggest.suggest import Suggestion
from control.reasons_to_end import check_failures, heed_stops, stop_files
from control.rounds import end_text, learned_text, next_text, spent_text
from control.spending import Spending
from launchers.launch import Session, console_of, exit_code
from launchers.planning import Planning
from launchers.request import Launcher, Request
from launchers.slurm.client import Silent
from scaling.errors import Refused
from scaling.study.plan_file import write_plan
from scaling.study.snapshot import Snapshot, take

SHARE_OF_A_ROUND = 0.1
"""Largest share of the grid in a round: on a large cluster, more would be chosen before anything is known."""
POLL_S = 2.0
ASK_EVERY_S = 30.0
"""Interval at which the plan is recomputed while points run elsewhere."""


def run_adaptively(request: Request, launcher: Launcher) -> int:
    """Launch the most informative points of the request's one study, until every rule is settled or no point
    within the budget would be informative.

    Returns the exit code, as `run_request` does. Refused where the request is not one grid of independent
    points, where no rule could be decided, and where the budget is below the cheapest informative point.
    """
    _check(request)
    session = Session(request, launcher, console_of(request))
    (planning,) = session.plan_and_tell()
    loop = _Loop(replace(session, request=replace(request, probe=False)), planning)
    loop.tell_budget()
    if request.show != "launch":
        session.show([planning])
        loop.tell_start()
        return 0
    return loop.run()


def _check(request: Request) -> None:
    if len(request.studies) > 1:
        names = ", ".join(str(path) for path in request.studies)
        raise Refused(
            f"study.adaptive=true steers one study, and this line has {names}: give each its own line."
        )
    if request.only:
        raise Refused(
            "only names the points to train, and study.adaptive=true chooses them: leave one of them out."
        )
    (expansion,) = request.studies.values()
    if any(point.needs for point in expansion.points):
        raise Refused(
            "study.adaptive=true needs points that depend on no others, and some of these begin from another "
            "point or learn from its labels: leave it out."
        )


class _Loop:
    """The rounds of one launch."""

    def __init__(self, session: Session, planning: Planning) -> None:
        assert session.request.adaptive is not None
        self._session, self._rounds = session, session.request.adaptive
        self._launcher = session.launcher
        self._first = planning
        self._study = planning.study
        self._points = {point.id: point for point in planning.plan.wanted}
        self._whole = float(sum(point.cost.train_flops for point in planning.plan.wanted))
        self._spending = Spending(planning.study)
        self._spent = self._spending.of(planning.plan)
        self._launched: list[str] = []
        """Ids in order of launch: a point that fails is not launched again until the line is typed again."""
        self._stops_before = stop_files(planning.study)

    def tell_budget(self) -> None:
        """Print the budget of the rounds beside the cost of the whole grid."""
        budget = self._rounds.budget
        most = "" if budget is None else f", for at most {flops_text(budget)} train FLOPs"
        self._say(f"Adaptive: the points that teach most run first, until every rule is settled{most}.")
        self._say(spent_text(self._spent, budget, self._whole))

    def tell_start(self) -> None:
        """Print what the next round would launch."""
        now = self._standing(self._first)
        if not now.num_pending:
            self._say(end_text(None, None, 0.0))
            return
        found = self._suggestion(now, self._room(now))
        self._say(learned_text(1, found))
        if len(found.points):
            self._tell_next(found, self._ids(found))
        else:
            self._say(end_text(found, self._rounds.budget, self._left()))

    def run(self) -> int:
        snapshot = take(self._study.path, self._session.request.command)  # all rounds run the same code
        planning = self._first
        self._session.write_down(planning, snapshot)
        if marked := self._marked(planning):
            self._launch(marked, snapshot)
            planning = self._planned()
        for number in count(1):
            found = self._until_something_is_to_be_run(planning)
            if found is None or found.status != "teaches":
                return self._end(found)
            ids = self._ids(found)
            self._say(learned_text(number, found))
            self._tell_next(found, ids)
            self._say(f"  {spent_text(self._spent, self._rounds.budget, self._whole)}")
            self._launch(ids, snapshot)
            planning = self._planned()
        raise AssertionError

    def _marked(self, planning: Planning) -> list[str]:
        """Points that `control retry` has marked, as far as the budget allows, whatever they would teach."""
        left, found = self._left(), []
        for point in planning.plan.to_run:
            if self._study.noted(point.id).is_marked and point.cost.train_flops <= left:
                left -= point.cost.train_flops
                found.append(point.id)
        return found

    def _launch(self, ids: Sequence[str], snapshot: Snapshot) -> None:
        request = replace(self._session.request, only=tuple(ids))
        (chosen,) = replace(self._session, request=request).plan()
        self._launched += ids
        entries = [entry for entry in chosen.plan.entries if entry.is_to_train]
        chosen = replace(chosen, plan=replace(chosen.plan, entries=entries))
        self._session.launch(chosen, snapshot)
        check_failures(self._study, self._launched)

    def _until_something_is_to_be_run(self, planning: Planning) -> Suggestion | None:
        """The next round, or why there is none; waits while running points may change the answer."""
        while True:
            now = self._standing(planning)
            room = self._room(now)
            found = self._suggestion(now, room) if now.num_pending and room > 0 else None
            if not now.coming or (found is not None and found.status == "teaches"):
                return found
            self._wait(now.coming)
            planning = self._planned()

    def _standing(self, planning: Planning) -> Standing:
        """Write the plan of the whole grid, count what is spent, and return where the study stands."""
        write_plan(planning.plan, self._study.path / "plan.csv")
        self._spent = self._spending.of(planning.plan)
        return Standing.of(self._study.path, self._launched)

    def _room(self, now: Standing) -> int:
        """Largest number of points in the next round."""
        slots = self._launcher.num_slots(self._session.request.runtime)
        of_a_round = min(slots, ceil(SHARE_OF_A_ROUND * len(self._points)))
        return of_a_round - (len(now.coming) if self._launcher.is_slurm else 0)

    def _left(self) -> float:
        return inf if self._rounds.budget is None else self._rounds.budget - self._spent

    def _suggestion(self, now: Standing, room: int) -> Suggestion:
        found = now.suggestion(self._left(), room, self._rounds.smallest)
        if found.status in ("settled", "undecidable") and now.table.usable.empty:
            raise Refused(
                "study.adaptive=true has nothing to settle: even if all of it were measured, this grid would "
                "decide no rule; give it more values of depth, width and resolution, or seed=0,1."
            )
        if found.status == "too_dear" and not self._spent:
            raise Refused(
                f"study.budget={self._rounds.budget:g} is below the cheapest point that would teach "
                f"anything: that takes {flops_text(found.cheapest or 0.0)} train FLOPs."
            )
        return found

    def _planned(self) -> Planning:
        """The current plan of the whole grid; on Slurm, waits until the scheduler answers."""
        while True:
            try:
                (planning,) = self._session.plan()
                return planning
            except Silent as silent:
                self._say(f"{silent} It will be asked again soon.")
                time.sleep(ASK_EVERY_S)

    def _wait(self, coming: Collection[str]) -> None:
        """Wait until one of these points has ended, or for ASK_EVERY_S."""
        deadline = time.monotonic() + ASK_EVERY_S
        while time.monotonic() < deadline:
            if self._launcher.is_slurm:  # a local launch ends by such a file itself
                heed_stops(self._study, self._stops_before)
            if any(self._study.state(each).status in ("completed", "failed") for each in coming):
                return
            try:
                time.sleep(POLL_S)
            except KeyboardInterrupt:
                self._say(f"Running points go on. To stop them: python -m control cancel {self._study.typed}")
                raise

    def _end(self, found: Suggestion | None) -> int:
        self._say(end_text(found, self._rounds.budget, self._left()))
        self._say(spent_text(self._spent, self._rounds.budget, self._whole))
        self._say(
            f"For the report, with the whole grid foreseen: python -m analysis report {self._study.typed}"
        )
        states = self._study.states(self._points)
        return exit_code(Counter(str(state.status) for state in states.values()))

    def _ids(self, found: Suggestion) -> list[str]:
        return [str(each) for each in found.points["point"]]

    def _tell_next(self, found: Suggestion, ids: Sequence[str]) -> None:
        rules = [found.name_of(rule) for rule in found.points["rule"]]
        self._say(next_text([self._points[each] for each in ids], found.price, rules))

    def _say(self, sentence: str) -> None:
        self._session.console.print(sentence, markup=False)
