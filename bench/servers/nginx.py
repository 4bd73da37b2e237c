"""nginx with two canned answers, in one process without workers of its own."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from bench.canned import api_answer, login_answer
from bench.child import Child
from bench.contest import Venue
from bench.servers.canned_server import COUNT_PATH, CannedServer, free_port

PART = 2000
"""nginx takes no string of more than 4 KB in its configuration, so an answer is put together from parts."""

MOST_CONNECTIONS = 24_000
SPARE_DESCRIPTORS = 64

CONFIGURATION = """
daemon off; master_process off; pid nginx.pid; error_log stderr error;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_timeout 1h; keepalive_requests 1000000000; client_header_timeout 1h; client_body_timeout 1h;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = {count_path} {{ stub_status; }}
        location = / {{
            default_type application/x-amz-json-1.1;
            add_header x-amzn-RequestId 5f3a1c9e-0000-4000-8000-00000be4c4ff;
            {login}
        }}
        location = /cookie {{
            default_type application/json;
            add_header Set-Cookie "lb=$request_id; Path=/; HttpOnly";
            {api}
        }}
        location / {{ default_type application/json; {api} }}
    }}
}}
"""


def version() -> str:
    """The program's name and version."""
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False)  # noqa: S607  # the one on PATH is meant
    return said.stderr.strip().removeprefix("nginx version: ") or "nginx"


@contextmanager
def start(venue: Venue) -> Iterator[CannedServer]:
    """nginx, listening."""
    folder, port = venue.folder / "nginx", free_port()
    folder.mkdir(exist_ok=True)
    configuration = CONFIGURATION.format(
        connections=_connections(),
        port=port,
        count_path=COUNT_PATH,
        login=_returning(login_answer()),
        api=_returning(api_answer()),
    )
    (folder / "nginx.conf").write_text(configuration)
    command = ["nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    server = CannedServer(Child(command, core=venue.server_core, folder=folder, environment=environment), port)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def _connections() -> int:
    """As many as the system lets a process have, up to two for each of 10,000 users."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(limit if limit > 0 else MOST_CONNECTIONS, MOST_CONNECTIONS) - SPARE_DESCRIPTORS


def _returning(answer: str) -> str:
    assert not set(answer) & set("'$\\"), "nginx would read these characters otherwise"
    parts = [answer[start : start + PART] for start in range(0, len(answer), PART)]
    names = [f"$part{number}" for number in range(len(parts))]
    settings = " ".join(f"set {name} '{part}';" for name, part in zip(names, parts, strict=True))
    return f'{settings} return 200 "{"".join(names)}";'
