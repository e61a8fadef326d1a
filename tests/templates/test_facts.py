"""Values of customers in words: what is neither sure nor impossible is never said to be."""

import pytest

from rules.alerts.evidence import Evidence
from templates import facts
from tests.templates.given import VOICE


@pytest.mark.parametrize(
    ("term", "value", "label", "said"),
    [
        ("p_alive", "0.4174", "Chance of another purchase", "42%"),
        ("p_alive", "0.999999", "Chance of another purchase", "99%"),
        ("p_alive", "0.000001", "Chance of another purchase", "1%"),
        ("p_alive", "0", "Chance of another purchase", "0%"),
        ("clv_rank", "1", "Customers worth less", "100%"),
        ("clv", "53.0987", "Value expected in 12 months", "$53.10"),
        ("expected_purchases", "2.241", "Purchases expected in 12 months", "2.2"),
        ("clv", None, "Value expected in 12 months", "unknown"),
        ("days_since(purchase)", "1E1000000000", "Last purchase", "1E1000000000"),
    ],
)
def test_what_a_fit_says_in_words(term: str, value: str | None, label: str, said: str) -> None:
    fact = Evidence(term, value)
    assert (facts.label(fact, VOICE), facts.value(fact, VOICE)) == (label, said)
