"""Who has which row of users.csv: no account is on two processes at a time.

```
RowLedger (the book) ← Desk (the master's answers) ← messages → Rows (what one process has) → its users
```

Only row numbers travel. Each process reads its own copy of the file, and the files must be the same (digest).
"""

from harness.load.leases.broker import Desk
from harness.load.leases.ledger import Exhausted, RowLedger, Share
from harness.load.leases.rows import LocalRows, Refusal, Rows

__all__ = ["Desk", "Exhausted", "LocalRows", "Refusal", "RowLedger", "Rows", "Share"]
