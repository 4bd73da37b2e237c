"""Who has which row of users.csv: no account is on two processes at a time.

```
LeaseTable (pure) ← LeaseServer (the master's answers) ← messages → LeasedRows (what one process has) → its users
```

Only row numbers travel. Each process reads its own copy of the file, and the files must be the same (digest).
"""

from harness.load.leases.broker import LeaseServer
from harness.load.leases.ledger import Exhausted, LeaseTable, Share
from harness.load.leases.rows import LeasedRows, LocalRows, Refusal

__all__ = ["Exhausted", "LeaseServer", "LeaseTable", "LeasedRows", "LocalRows", "Refusal", "Share"]
