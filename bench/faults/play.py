"""One case in one way, from start to end, and everything that can be seen of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.contest import Venue
from bench.faults.case import Case, Way
from bench.faults.judging import Expected, Seen
from bench.faults.scene import Sandbox, Scene, left_over
from bench.works.sandbox import started

GONE_WITHIN_S: Final = 8.0
"""How long workers may take to follow their master."""


class Lane:
    """Plays one case after the other, with a sandbox that is kept as long as nothing has spoiled it.

    Args:
        folder: For everything that is written meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._kept = ExitStack()
        self._sandbox: Sandbox | None = None

    def play(self, case: Case, way: Way, expected: Expected) -> Seen:
        """Let it happen."""
        self._number += 1
        name = re.sub(r"[^A-Za-z0-9]+", "-", f"{case.name} {way}").strip("-").lower()
        folder = self._folder / f"{name[:150]}-{self._number}"
        folder.mkdir(parents=True)
        with self._sandbox_for(case, folder) as sandbox:
            scene = Scene(case, way, folder, sandbox)
            try:
                return _played(scene, expected)
            finally:
                scene.close()

    def close(self) -> None:
        """End the sandbox."""
        self._kept.close()

    @contextmanager
    def _sandbox_for(self, case: Case, folder: Path) -> Iterator[Sandbox]:
        if case.has_own_sandbox or case.sandbox:
            with started(Venue(folder, None, None), *case.sandbox) as (child, ready):
                yield Sandbox(child, ready)
            return
        if self._sandbox is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._sandbox = Sandbox(*self._kept.enter_context(started(Venue(self._folder, None, None))))
        try:
            yield self._sandbox
        finally:
            self._sandbox.control.clear()


def _played(scene: Scene, expected: Expected) -> Seen:
    scene.start()
    trouble = ""
    if scene.case.deed is not None:
        try:
            scene.case.deed(scene)
        except RuntimeError as error:
            trouble = f"\n(the bench: {error})"
    code = scene.finish(expected.within_s)
    ended_after_s = scene.ended_after_s
    left = _left_over(scene)
    rebuilt = _rebuild(scene) if scene.case.rebuilds else None
    files = _files(scene.run_folder())
    notes = scene.case.after(scene) if scene.case.after is not None else {}
    assert scene.main is not None
    output = "\n".join(child.text for child in (scene.main, *scene.workers)) + trouble
    return Seen(
        code=code,
        output=output,
        arrived=scene.arrived(),
        users=_users(scene.folder),
        left_over=left,
        ended_after_s=ended_after_s,
        rebuilt_code=rebuilt,
        refused=scene.refused,
        notes=notes,
        **files,
    )


def _left_over(scene: Scene) -> list[str]:
    until_s = time.monotonic() + GONE_WITHIN_S
    while (found := left_over(scene.folder.name)) and time.monotonic() < until_s:
        time.sleep(0.1)
    return [command for _, command in found]


def _rebuild(scene: Scene) -> int:
    command = [str(Path(sys.executable).with_name("cognito-load")), "report", "build", "results/latest"]
    done = subprocess.run(command, cwd=scene.folder, capture_output=True, text=True, timeout=60, check=False)
    (scene.folder / "rebuilt.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    return done.returncode


def _users(folder: Path) -> int | None:
    file = folder / "users-at-the-end.txt"
    return int(file.read_text()) if file.exists() and file.stat().st_size else None


def _files(folder: Path | None) -> Mapping[str, Any]:
    """What is in the run's folder; nothing of what is not."""

    def text(name: str) -> str:
        file = folder / name if folder is not None else None
        return file.read_text(encoding="utf-8", errors="replace") if file is not None and file.exists() else ""

    summary = text("summary.json")
    return {
        "summary": json.loads(summary) if summary else None,
        "junit": text("junit.xml"),
        "markdown": text("summary.md"),
    }
