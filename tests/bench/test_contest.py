"""The arithmetic of the bench: turns, ratios and targets."""

from contextlib import contextmanager

import pytest

from bench.contest import LONGEST_STOP_S, Field, Measurement, Target, Venue, Work, alternate, hold


class Scripted:
    """A contestant whose rounds are known beforehand: units per CPU second."""

    def __init__(self, name, rates, turns=None, fault=""):
        self.name, self.note, self.fault = name, "", fault
        self.rates, self.turns = list(rates), turns if turns is not None else []

    def round(self, seconds):
        self.turns.append((self.name, seconds))
        return Measurement(count=self.rates.pop(0), cpu_s=1.0, wall_s=2.0)

    def finish(self):
        return self.fault


def held(tmp_path, contestants, targets):
    @contextmanager
    def gather(_venue):
        yield Field(list(contestants))

    work = Work("title", "units", "method", gather, targets)
    return hold(work, Venue(tmp_path, None, None), rounds=3, seconds=1.0, say=lambda _: None)


def test_everybody_has_a_turn_before_anybody_has_a_second_one():
    turns = []
    alternate([Scripted("a", [1, 1], turns), Scripted("b", [1, 1], turns)], rounds=2, seconds=3.0, say=lambda _: None)
    assert [name for name, _ in turns] == ["a", "b", "a", "b"]


def test_nobody_stands_still_longer_than_its_timeouts_allow():
    turns = []
    crowd = [Scripted(str(number), [1], turns) for number in range(11)]
    alternate(crowd, rounds=1, seconds=30.0, say=lambda _: None)
    assert 0 < sum(seconds for _, seconds in turns[1:]) < LONGEST_STOP_S


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
