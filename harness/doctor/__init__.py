"""What can be known before the load, in order, each finding with a remedy.

Reading order: `finding` (what is found), `case` (what is examined, and what earlier checks leave to later ones), then
the checks in their order: `basis` (settings, users, secrets), `reach` (the way there, the clock), `keys` (whose
signature), `logins` (three rows), `answers` (what they bring), `pool` (what an administrator sees); `examination` runs
them, and `chart` writes them down.
"""

from harness.doctor.case import Case, Known
from harness.doctor.examination import examine, examine_quickly
from harness.doctor.finding import Finding, State

__all__ = ["Case", "Finding", "Known", "State", "examine", "examine_quickly"]
