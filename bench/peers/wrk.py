"""wrk: the floor, a C program that sends bytes and counts answers."""

from bench.names import UNSIGNED_LOGIN, WRK
from bench.peer import PLANS, Peer

PEERS = (
    Peer(
        WRK,
        UNSIGNED_LOGIN,
        command=lambda site: [
            *("wrk", "-t1", f"-c{site.clients}", "-d1h", "-s", str(PLANS / "login_wrk.lua"), f"{site.endpoint}/"),
        ],
        note="the floor: one account, no token is read, nothing is kept",
        executable="wrk",
        how_to_get="apt-get install wrk",
        good_exits=frozenset({0, -15}),
    ),
)
