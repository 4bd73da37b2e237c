from __future__ import annotations

import pytest

from harness.prices import prices, sentence


@pytest.mark.parametrize(
    ("tier", "users", "cost", "most"),
    [
        # the first 10,000 of the AWS account are free; at most others have used them up
        ("ESSENTIALS", 1_000, 0, 15.00),
        ("ESSENTIALS", 10_100, 1.50, 151.50),
        # steps count from the first user: 90,000 at 0.0055, then 0.0046
        ("LITE", 110_000, 541.00, 495 + 20_000 * 0.0046),
        ("PLUS", 1_000, 20.00, 20.00),
        # a tier that is unknown is what new pools get
        ("", 1_000, 0, 15.00),
    ],
)
def test_what_accounts_cost(tier, users, cost, most):
    found = prices().tier(tier)
    assert (found.cost(users), found.most(users)) == (pytest.approx(cost), pytest.approx(most))


def test_the_sentence_names_the_lists_date():
    text = sentence(1_000, "ESSENTIALS")
    assert text.startswith(
        "1,000 monthly active users on Essentials: nothing within the free 10,000 of the AWS account"
    )
    assert "up to $15.00 a month" in text
    assert prices().as_of in text
