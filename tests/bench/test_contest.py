"""The arithmetic of the bench: turns, ratios and targets."""

from contextlib import contextmanager
from itertools import pairwise

import pytest

from bench.contest import LONGEST_STOP_S, SETTLE_S, TURNS, Field, Measurement, Target, Venue, Work, alternate, hold


class Scripted:
    """A contestant whose rounds are known beforehand: units per CPU second, the same in all turns of a round."""

    def __init__(self, name, rates, turns=None, fault=""):
        self.name, self.note, self.fault = name, "", fault
        self.rates = iter([rate for rate in rates for _ in range(TURNS)])
        self.turns = turns if turns is not None else []

    def turn(self, seconds):
        self.turns.append((self.name, seconds))
        return Measurement(count=next(self.rates), cpu_s=1.0, wall_s=2.0)

    def finish(self):
        return self.fault


def held(tmp_path, contestants, targets):
    @contextmanager
    def gather(_venue):
        yield Field(list(contestants))

    work = Work("title", "units", "method", gather, targets)
    return hold(work, Venue(tmp_path, None, None), rounds=3, seconds=1.0, say=lambda _: None)


def test_everybody_has_a_turn_before_anybody_has_a_second_one_forwards_and_backwards():
    turns = []
    alternate([Scripted("a", [1], turns), Scripted("b", [1], turns)], rounds=1, seconds=3.0, say=lambda _: None)
    assert [name for name, _ in turns] == ["a", "b", "b", "a", "a", "b", "b", "a"]


def test_a_round_is_the_sum_of_its_turns():
    (standing,) = alternate([Scripted("a", [7, 9])], rounds=2, seconds=3.0, say=lambda _: None)
    assert standing.rounds == (Measurement(7 * TURNS, TURNS, 2.0 * TURNS), Measurement(9 * TURNS, TURNS, 2.0 * TURNS))


def test_nobody_stands_still_longer_than_its_timeouts_allow():
    turns = []
    crowd = [Scripted(str(number), [1, 1], turns) for number in range(11)]
    alternate(crowd, rounds=2, seconds=60.0, say=lambda _: None)
    places = [[place for place, (name, _) in enumerate(turns) if name == each.name] for each in crowd]
    longest = max(later - earlier - 1 for each in places for earlier, later in pairwise(each))
    assert 0 < longest * (turns[0][1] + SETTLE_S) <= LONGEST_STOP_S + 1e-9


def test_a_ratio_is_taken_round_by_round_so_that_a_slow_minute_cancels_out(tmp_path):
    """The ratio of the medians would be 2.5."""
    a, b = Scripted("a", [200, 1000, 500]), Scripted("b", [100, 200, 250])
    (judgement,) = held(tmp_path, [a, b], (Target("a", "b", at_least=2.0),)).judgements
    assert judgement.measured == "2.00x (2.00 to 5.00)"
    assert judgement.is_met is True


@pytest.mark.parametrize(("rate", "is_met"), [(100_000, True), (99_000, False)])
def test_a_ceiling_is_met_up_to_its_value(tmp_path, rate, is_met):
    (judgement,) = held(tmp_path, [Scripted("a", [rate] * 3)], (Target("a", at_most_us=10.0),)).judgements
    assert judgement.is_met is is_met


def test_a_contestant_whose_work_went_wrong_is_not_measured_and_says_why(tmp_path):
    a, b = Scripted("a", [5] * 3), Scripted("b", [1] * 3, fault="9 of its 9 requests failed")
    result = held(tmp_path, [a, b], (Target("a", "b", at_least=2.0),))
    assert [standing.name for standing in result.standings] == ["a"]
    assert result.absent == {"b": "9 of its 9 requests failed"}
    assert result.judgements[0].is_met is None


def test_a_contestant_that_finishes_nothing_in_a_round_is_not_measured_either(tmp_path):
    result = held(tmp_path, [Scripted("a", [5] * 3), Scripted("b", [1, 0, 1])], (Target("a", "b", at_least=2.0),))
    assert result.absent == {"b": "it finished nothing in one of its rounds"}
    assert result.judgements[0].is_met is None
