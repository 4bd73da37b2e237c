"""What an exchange costs, and where it must work."""

import gc
import resource
import sys
import textwrap
from pathlib import Path

import gevent
import gevent.socket
import gevent.subprocess
import pytest

from tests.transport.conftest import OK, REQUEST, answering

SYSTEM = {"send", "recv", "recvmsg_into", "poll", "switch", "sendall", "start", "stop"}


class TestAtScale:
    def test_connections_above_descriptor_1023_are_kept(self, serve, channel_to):
        """What select() cannot look at is taken for dead by Locust's own client, and opened again for each request."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 2048:
            pytest.skip("too few descriptors here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
        gc.collect()  # descriptors that others left behind are given out again first
        fillers = [Path("/dev/null").open("rb") for _ in range(1100)]  # noqa: SIM115  # closed below
        try:
            server = serve(answering(OK))
            channels = [channel_to(server) for _ in range(20)]
            answers = [channel.exchange(REQUEST) for _ in range(3) for channel in channels]
            assert max(channel._link._socket.fileno() for channel in channels) > 1023
            assert sum(answer.reused for answer in answers) == 40
            assert len(server.sockets) == 20
        finally:
            for filler in fillers:
                filler.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_kept_connection_costs_one_look_one_send_and_one_recv(self, serve, channel_to):
        """The floor of an exchange; the wait is the fourth. Counted where our own code calls into C."""
        channel = channel_to(serve(answering(OK)))
        channel.exchange(REQUEST)
        calls = []
        functions = []

        def profile(frame, event, called):
            if f"harness{Path('/')}transport" not in frame.f_code.co_filename:
                return
            if event == "c_call" and called.__name__ in SYSTEM:
                calls.append(called.__name__)
            elif event == "call":
                functions.append(frame.f_code.co_name)

        sys.setprofile(profile)
        try:
            channel.exchange(REQUEST)
        finally:
            sys.setprofile(None)
        assert calls == ["poll", "send", "switch", "recvmsg_into"]
        assert len(functions) <= 11, functions  # each costs as much as a hundredth of an exchange

    def test_works_in_a_monkey_patched_process(self, serve, authority):
        server = serve(answering(OK), authority.server_context("localhost"))
        program = f"""
            from gevent import monkey
            monkey.patch_all()
            from harness.transport import Channel, Endpoint, tls_context
            channel = Channel(Endpoint.parse("https://localhost:{server.port}"), tls=tls_context({authority.bundle!r}))
            print([(answer.status, answer.reused) for answer in (channel.exchange({REQUEST!r}) for _ in range(2))])
        """
        done = gevent.subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.stdout, done.stderr) == ("[(200, False), (200, True)]\n", "")
