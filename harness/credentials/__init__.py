"""users.csv as JMeter's CSV Data Set Config reads it.

```
bytes → text → records → rows of accounts → whose turn is next
```

Reading order: `data_set` (how to read it), `text` (bytes become characters), `records` (characters become values),
`columns` (what each value is), `users_file` (rows, checked), `cycle` (JMeter's iteration over them), `faults` (what
is wrong, in words that hold no password). A package rather than a file, because each of these is a noun of its own.

Stricter than JMeter, which notices none of these: a duplicated or an empty username, an empty password, white space
around either, a short row, a byte that is not of the encoding, a quote that breaks the rules of quoting, two columns
of one name, a delimiter of several characters. Kinder than JMeter: blank lines are skipped.
"""

from harness.credentials.cycle import Cycle, Cycles, EndOfUsers
from harness.credentials.data_set import CsvDataSet, Sharing
from harness.credentials.users_file import Row, UsersFile, is_sample, of_machine, read

__all__ = [
    "CsvDataSet",
    "Cycle",
    "Cycles",
    "EndOfUsers",
    "Row",
    "Sharing",
    "UsersFile",
    "is_sample",
    "of_machine",
    "read",
]
