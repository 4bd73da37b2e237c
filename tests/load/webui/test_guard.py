"""The guard of Locust's web UI, through the test client of a Flask application with Locust's routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from harness.errors import Problem
from harness.load.webui.guard import protect

OPTIONS = {
    "cognito_client_id": "client",
    "cognito_endpoint": "",
    "cognito_domain": "",
    "cognito_users": "users.dev.csv",
    "cognito_ca_bundle": None,
    "cognito_region": "eu-west-1",
    "cognito_user_pool_id": "",
    "cognito_sandbox_keys": "",
    "results_dir": "results",
    "gate": "",
}


class Ui:
    """Locust's web UI, as far as the guard can see it."""

    def __init__(
        self,
        options: Mapping[str, object] = OPTIONS,
        web_host: str = "127.0.0.1",
        prefix: str = "",
        names: tuple[str, ...] = (),
    ) -> None:
        self.options = dict(options)
        self.problems: list[Problem] = []
        self.validated: list[dict[str, str]] = []
        self.swarmed = 0
        self.prefix = prefix
        app = Flask(__name__)
        app.add_url_rule(f"{prefix}/swarm", "swarm", self.swarm, methods=["POST"])
        app.add_url_rule(f"{prefix}/stop", "stop", lambda: "stopped", methods=["POST"])
        app.add_url_rule(f"{prefix}/", "index", self.index)
        protect(app, web_host=web_host, names=names, options=lambda: self.options, validate=self.validate)
        self.client: FlaskClient = app.test_client()

    def swarm(self) -> dict[str, object]:
        self.swarmed += 1
        return {"success": True, "message": "Swarming started"}

    def index(self) -> str:
        fields = {"gate": {"default_value": "from the command line"}, "mine": {"default_value": "kept"}}
        return render_template_string("{{ template_args }}", template_args={"extra_options": fields})

    def validate(self, form: Mapping[str, str]) -> list[Problem]:
        self.validated.append(dict(form))
        return self.problems

    def get(self, host: str = "127.0.0.1:8089", **headers: str) -> int:
        sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.get(f"{self.prefix}/", headers=sent).status_code

    def start(self, form: Mapping[str, str] | None = None, host: str = "127.0.0.1:8089", **headers: str) -> Any:
        sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        form = {"user_count": "1", "spawn_rate": "1", **(form or {})}
        return self.client.post(f"{self.prefix}/swarm", data=form, headers=sent)


class TestForeignPages:
    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "http://evil.example:8089",
            "http://127.0.0.1:3000",  # another program on this machine
            "http://localhost:8089",  # not the name that the page was opened by
            "http://127.0.0.1:8089.evil.example",
            "null",  # a sandboxed frame, a file
            "",
            "127.0.0.1:8089",
        ],
    )
    def test_a_foreign_origin_starts_nothing(self, origin: str) -> None:
        ui = Ui()
        answer = ui.start(Origin=origin)
        assert answer.status_code == 403
        assert answer.json["success"] is False
        assert "another site" in answer.json["message"]
        assert (ui.swarmed, ui.validated) == (0, [])

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    @pytest.mark.parametrize("mode", ["cors", "no-cors", "navigate", ""])
    def test_a_browser_that_names_another_site_starts_nothing(self, site: str, mode: str) -> None:
        """A form of another page navigates, too."""
        ui = Ui()
        assert ui.start(Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status_code == 403
        assert ui.client.post("/stop", headers={"Host": "127.0.0.1:8089", "Sec-Fetch-Site": site}).status_code == 403
        assert ui.swarmed == 0

    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    def test_a_link_on_another_page_opens_the_ui_but_a_script_reads_nothing(self, site: str) -> None:
        ui = Ui()
        assert ui.get(Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == 200
        assert ui.get(Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == 403

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example:8089",  # DNS rebinding: the name of another site points here
            "127.0.0.1.evil.example",
            "localhost.evil.example:8089",
            "192.0.2.7:8089",
            "[::1",
        ],
    )
    def test_on_loopback_a_foreign_host_gets_nothing_at_all(self, host: str) -> None:
        ui = Ui()
        assert ui.get(host) == 403
        assert ui.start(host=host, Origin=f"http://{host}").status_code == 403
        assert ui.swarmed == 0

    @pytest.mark.parametrize("host", ["127.0.0.1:8089", "localhost:8089", "LOCALHOST:8089", "[::1]:8089", "127.0.0.1"])
    @pytest.mark.parametrize("web_host", ["127.0.0.1", "localhost", "::1"])
    def test_loopbacks_own_names_are_served(self, host: str, web_host: str) -> None:
        ui = Ui(web_host=web_host)
        assert ui.get(host) == 200
        assert ui.start(host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin").json["success"] is True

    @pytest.mark.parametrize(
        "host", ["192.0.2.7:8089", "[2001:db8::7]:8089", "loadgen:8089", "load.internal", "a.local."]
    )
    def test_elsewhere_addresses_and_names_that_no_other_site_can_have_are_served(self, host: str) -> None:
        ui = Ui(web_host="0.0.0.0")  # noqa: S104  # what a user may choose
        assert ui.start(host=host, Origin=f"http://{host}").json["success"] is True
        assert ui.start(host=host, Origin="http://evil.example").status_code == 403

    @pytest.mark.parametrize("host", ["evil.example:8089", "192.0.2.7.evil.example", "internal.example", "[::1"])
    def test_elsewhere_a_name_that_may_be_another_sites_gets_nothing(self, host: str) -> None:
        """Its page would be of the same origin as the UI, once its name points here."""
        ui = Ui(web_host="", names=("",))
        answer = ui.start(host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin")
        assert answer.status_code == 403
        assert "COGNITO_WEB_NAMES" in answer.json["message"]
        assert ui.swarmed == 0

    def test_names_that_the_user_gives_are_served(self) -> None:
        """By --web-host, or for a proxy in front of it by COGNITO_WEB_NAMES."""
        assert Ui(web_host="load.example.com").get("load.example.com:8089") == 200
        ui = Ui(web_host="0.0.0.0", names=("a.example.com", " Load.example.com"))  # noqa: S104  # the same
        assert ui.get("load.example.com") == 200
        assert ui.get("other.example.com") == 403

    def test_a_program_without_a_browser_is_no_foreign_page(self) -> None:
        """curl, and whoever drives the UI by HTTP, send neither Origin nor Sec-Fetch-Site."""
        assert Ui().start().json["success"] is True
        assert Ui().start(Sec_Fetch_Site="none").json["success"] is True


class TestChanges:
    @pytest.mark.parametrize(
        "name",
        [
            "cognito_endpoint",
            "cognito_domain",
            "cognito_users",
            "cognito_ca_bundle",
            "results_dir",
            "cognito_sandbox_keys",
            "cognito_region",
            "cognito_user_pool_id",
        ],
    )
    def test_what_decides_where_passwords_go_cannot_be_changed(self, name: str) -> None:
        ui = Ui()
        answer = ui.start({name: "changed"})
        assert answer.status_code == 200
        assert answer.json["success"] is False
        assert f"--{name.replace('_', '-')} cannot be changed" in answer.json["message"]
        assert (ui.swarmed, ui.validated) == (0, [])

    def test_nor_can_it_be_emptied(self) -> None:
        assert Ui().start({"cognito_users": ""}).json["success"] is False

    def test_every_change_is_named(self) -> None:
        message = Ui().start({"cognito_endpoint": "https://x", "results_dir": "/tmp"}).json["message"]  # noqa: S108  # refused
        assert "--cognito-endpoint" in message
        assert "--results-dir" in message

    def test_the_same_values_pass(self) -> None:
        ui = Ui()
        form = {name: str(value or "") for name, value in OPTIONS.items()}
        assert ui.start(form).json["success"] is True
        assert ui.swarmed == 1

    def test_another_gate_or_client_passes(self) -> None:
        ui = Ui()
        form = {"gate": "InitiateAuth p95 < 300ms", "cognito_client_id": "other"}
        assert ui.start(form).json["success"] is True
        assert ui.validated[0].items() >= form.items()

    @pytest.mark.parametrize("name", ["cognito_region", "cognito_user_pool_id"])
    def test_a_region_decides_nothing_where_an_endpoint_is_given(self, name: str) -> None:
        ui = Ui({**OPTIONS, "cognito_endpoint": "http://127.0.0.1:9229"})
        assert ui.start({name: "changed"}).json["success"] is True

    @pytest.mark.parametrize("name", ["cognito_region", "cognito_user_pool_id"])
    def test_it_decides_where_a_domains_prefix_leads(self, name: str) -> None:
        """Somebody else may have the prefix in another region, and would be sent the client's secret."""
        ui = Ui({**OPTIONS, "cognito_endpoint": "http://127.0.0.1:9229", "cognito_domain": "my-pool"})
        assert ui.start({name: "changed"}).json["success"] is False

    def test_the_guard_also_stands_under_a_base_path(self) -> None:
        ui = Ui(prefix="/locust")
        assert ui.start({"cognito_endpoint": "https://evil.example"}).json["success"] is False
        assert ui.start().json["success"] is True


class TestFaults:
    def test_a_configuration_that_cannot_work_is_answered_and_not_started(self) -> None:
        ui = Ui()
        ui.problems = [Problem("too few rows", "Add some."), Problem("no host")]
        answer = ui.start()
        assert answer.status_code == 200
        assert answer.json == {"success": False, "message": "too few rows\n    Add some.\nno host"}
        assert ui.swarmed == 0

    def test_stopping_is_never_in_the_way_of_a_fault(self) -> None:
        ui = Ui()
        ui.problems = [Problem("no host")]
        assert ui.client.post("/stop", headers={"Host": "localhost"}).text == "stopped"


def test_the_form_shows_the_options_in_force() -> None:
    """Locust fills it from the command line, which knows nothing of the sandbox, and sends every field back."""
    ui = Ui({**OPTIONS, "gate": "login p95 < 1s"})
    page = ui.client.get("/", headers={"Host": "localhost"}).text
    assert "login p95 &lt; 1s" in page
    assert "kept" in page
    assert "from the command line" not in page
