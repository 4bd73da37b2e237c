"""Which work is compared, and what is asked of this project; in the order of the table."""

from bench.contest import Work
from bench.works import api, logins, sandbox, sandbox_api, signer, srp

WORKS: dict[str, Work] = {
    "login": logins.SIGNED,
    "unsigned": logins.UNSIGNED,
    "api": api.PLAIN,
    "extraction": api.EXTRACTION,
    "cookie": api.COOKIE,
    "srp": srp.WORK,
    "sandbox": sandbox.WORK,
    "sandbox-api": sandbox_api.WORK,
    "signer": signer.WORK,
}
"""By the name that `python -m bench --work` takes."""
