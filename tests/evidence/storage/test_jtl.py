"""The rules of JMeter's CSV results, column by column."""

from __future__ import annotations

import csv
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.evidence.figures.sample import Sample
from harness.evidence.storage.jtl import HEADER, SampleFile, merge, parts_in, quoted, row
from harness.outcome import Outcome, Reason

STARTED_S = 1_795_000_000.2504


def columns(sample: Sample, users: int = 3) -> dict[str, str]:
    (found,) = csv.DictReader([HEADER, row(sample, "worker-1 1-1", users)])
    return found


def exchange(**changes: object) -> Sample:
    sample = Sample(
        *("exchange", "InitiateAuth", Outcome.OK, STARTED_S, 123_499, 50_600, 120_000),
        *(Reason.INITIAL, "", 3_002, 675, 200, 30_000),
    )
    return sample._replace(**changes)


def test_the_columns_are_jmeters_in_jmeters_order() -> None:
    assert HEADER.strip() == (
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,"
        "sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect"
    )


def test_times_are_whole_milliseconds_and_the_stamp_is_the_start() -> None:
    found = columns(exchange())
    assert found["timeStamp"] == "1795000000250"
    assert (found["elapsed"], found["Latency"], found["Connect"], found["IdleTime"]) == ("123", "120", "51", "0")


def test_a_reused_connection_has_no_connect_time() -> None:
    assert columns(exchange(connect_us=0))["Connect"] == "0"


def test_an_ok_sample() -> None:
    found = columns(exchange())
    assert (found["success"], found["responseCode"], found["responseMessage"]) == ("true", "200", "OK")
    assert (found["failureMessage"], found["bytes"], found["sentBytes"]) == ("", "3002", "675")
    assert (found["threadName"], found["grpThreads"], found["allThreads"]) == ("worker-1 1-1", "3", "3")
    assert (found["label"], found["dataType"], found["URL"]) == ("InitiateAuth", "text", "")


def test_a_refused_one_says_why() -> None:
    error = 'NotAuthorizedException: Incorrect "username", or password'
    found = columns(exchange(outcome=Outcome.REJECTED, error=error, status=400))
    assert (found["success"], found["responseCode"]) == ("false", "400")
    assert (found["responseMessage"], found["failureMessage"]) == ("NotAuthorizedException", error)


def test_without_an_answer_the_code_is_the_errors_name() -> None:
    found = columns(exchange(outcome=Outcome.TRANSPORT_ERROR, error="TimedOutError: no answer within 30 s", status=0))
    assert found["responseCode"] == "TimedOutError"


def test_a_login_is_a_transaction_and_no_second_request() -> None:
    """JMeter's reader knows a transaction by this message, and leaves it out of its totals."""
    found = columns(exchange(kind="login", name="login", exchanges=2))
    assert found["responseMessage"] == "Number of samples in transaction : 2, number of failing samples : 0"
    assert found["dataType"] == ""
    failed = columns(
        exchange(kind="login", exchanges=1, outcome=Outcome.THROTTLED, error="TooManyRequestsException: x")
    )
    assert failed["responseMessage"] == "Number of samples in transaction : 1, number of failing samples : 1"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(name=texts, error=texts, outcome=st.sampled_from(Outcome), elapsed=st.integers(0, 10**9))
def test_every_row_is_one_line_of_full_width(name: str, error: str, outcome: Outcome, elapsed: int) -> None:
    line = row(exchange(name=name, error=error, outcome=outcome, elapsed_us=elapsed), "t 1-1", 1)
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    assert "\r" not in line
    (found,) = csv.reader([line])
    assert len(found) == 17
    assert found[2] == name.replace("\r", " ").replace("\n", " ")
    assert found[7] in ("true", "false")


def test_quotes_are_doubled() -> None:
    assert quoted('a "b"') == '"a ""b"""'
    assert quoted("a b") == "a b"


class TestFile:
    def test_holds_every_sample_once(self, tmp_path: Path) -> None:
        file = SampleFile(tmp_path / "samples.jtl", "local", print)
        for _ in range(2_500):
            file.add(exchange())
        file.close()
        lines = (tmp_path / "samples.jtl").read_text().splitlines()
        assert (len(lines), file.rows, lines[0]) == (2_501, 2_500, HEADER.strip())

    def test_what_cannot_be_written_is_dropped_and_told_once(self, tmp_path: Path) -> None:
        told: list[str] = []
        file = SampleFile(tmp_path / "no folder" / "samples.jtl", "local", told.append)
        for _ in range(2_500):
            file.add(exchange())
        assert not file.is_open
        assert len(told) == 1
        assert len(file._lines) < 1_000, "memory stays bounded"


class TestMerging:
    def part(self, folder: Path, name: str, *ends_ms: int) -> None:
        samples = [exchange(name=name, started_s=1_000 + end / 1_000, elapsed_us=0) for end in ends_ms]
        (folder / f"samples-{name}.jtl").write_text(HEADER + "".join(row(sample, name, 1) for sample in samples))

    def test_rows_come_in_the_order_in_which_samples_ended(self, tmp_path: Path) -> None:
        self.part(tmp_path, "a", 1, 5, 9)
        self.part(tmp_path, "b", 2, 3, 10)
        pauses: list[int] = []
        assert merge(parts_in(tmp_path), tmp_path / "samples.jtl", lambda: pauses.append(1)) == 6
        rows = list(csv.DictReader((tmp_path / "samples.jtl").open()))
        assert [found["label"] for found in rows] == ["a", "b", "b", "a", "a", "b"]
        assert [path.name for path in tmp_path.iterdir()] == ["samples.jtl"]

    def test_half_a_line_of_a_killed_worker_is_left_out(self, tmp_path: Path) -> None:
        self.part(tmp_path, "a", 1, 5)
        path = tmp_path / "samples-a.jtl"
        path.write_text(path.read_text()[:-9])
        assert merge(parts_in(tmp_path), tmp_path / "samples.jtl") == 1

    def test_a_worker_that_wrote_nothing_is_no_fault(self, tmp_path: Path) -> None:
        (tmp_path / "samples-a.jtl").write_text("")
        assert merge(parts_in(tmp_path), tmp_path / "samples.jtl") == 0
        assert (tmp_path / "samples.jtl").read_text() == HEADER
