from __future__ import annotations

from harness.cli.progress import progress_of


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def test_in_a_log_it_is_a_line_every_ten_seconds(capsys):
    clock = Clock()
    with progress_of(100, "created", clock) as advance:
        for second in range(25):
            clock.now_s = float(second)
            advance(4)
    assert capsys.readouterr().err == "44 of 100 created\n84 of 100 created\n"
