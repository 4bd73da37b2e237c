"""Signatures, made for several logins in a row.

A login is a tenth of a millisecond of Python and half of one of arithmetic, and each throws the other out of the
processor's caches: in turn, a login costs a twelfth more than it has to. So whoever needs a signature first lets all
others get as far as that, and the first one to go on signs for them, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.sandbox.state.keys import SigningKey

MOST = 16
"""Logins that are signed for in a row: 8 ms in which nobody is answered."""

Claims = Mapping[str, object]


@dataclass(slots=True, eq=False)
class _Order:
    """What one login needs signed."""

    messages: Sequence[tuple[SigningKey, bytes]]
    signatures: list[bytes] = field(default_factory=list)


class BatchSigner:
    """Makes JWTs.

    Args:
        let_others_run: Returns when everybody who is ready has had their turn, in order.
    """

    def __init__(self, let_others_run: Callable[[], None]) -> None:
        self._let_others_run = let_others_run
        self._orders: deque[_Order] = deque()

    def sign(self, *documents: tuple[SigningKey, Claims]) -> list[str]:
        """A JWT of each of these claims, by its key. Others run meanwhile: do before what must not be interrupted."""
        order = _Order([(key, key.message(claims)) for key, claims in documents])
        self._orders.append(order)
        self._let_others_run()
        if not order.signatures:
            self._work(order)
        return [
            key.token(message, signature)
            for (key, message), signature in zip(order.messages, order.signatures, strict=True)
        ]

    def _work(self, own: _Order) -> None:
        orders = [self._orders.popleft() for _ in range(min(MOST, len(self._orders)))]
        if own not in orders:  # whoever took it has not got to it: another thread, or one whose key failed
            orders.append(own)
        for order in orders:
            order.signatures = [key.signature(message) for key, message in order.messages]
