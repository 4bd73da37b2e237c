"""One keep-alive HTTP/1.1 connection, and the times of what crosses it.

```
endpoint → (proxy) → link → (tls) → answer
              channel drives them
```

Reading order: `endpoint` (where), `proxy` and `tls` (on the way there), `link` (a connected socket and its waiting),
`answer` (bytes become an answer), `failures` (what may go wrong, in words), `channel` (the whole exchange), `probe`
(the way there, a step at a time).
"""

from harness.transport.answer import Answer, Headers
from harness.transport.channel import Channel
from harness.transport.endpoint import Endpoint
from harness.transport.probe import Probe
from harness.transport.proxy import Proxy, proxy_for
from harness.transport.tls import tls_context

__all__ = ["Answer", "Channel", "Endpoint", "Headers", "Probe", "Proxy", "proxy_for", "tls_context"]
