"""``lifecycle flow|cohorts|activity|stretches|judge`` on the command line, as tables and as JSON."""

import pytest

from tests.handlers.cli.test_lifecycle import Shop, shop

__all__ = ["shop"]


@pytest.fixture
def judged(shop: Shop) -> Shop:
    assert shop.run("lifecycle", "use", "retail").exit_code == 0
    assert shop.told("lifecycle", "judge") == {
        "first": "2023-06-15",
        "through": "2025-06-14",
        "late": 0,
        # Of C-1 four stretches, of C-2 six.
        "changed": 10,
    }
    return shop


def test_before_there_is_anything_each_says_what_to_do(shop: Shop) -> None:
    for command in ("flow", "cohorts", "activity", "judge"):
        refused = shop.run("lifecycle", command)
        assert refused.exit_code == 1
        assert "No life cycle is in use yet" in refused.output
    shop.run("lifecycle", "use", "retail")
    refused = shop.run("lifecycle", "flow")
    assert "python bot.py lifecycle judge" in refused.output
    assert shop.run("lifecycle", "judge").output.startswith("judged through 2025-06-14; ")


def test_a_customers_stretches(judged: Shop) -> None:
    told = judged.told("lifecycle", "stretches", "C-2")
    assert told == {
        "customer": "C-2",
        "stretches": [
            _stretch("active", "active", "2025-02-10", "2025-03-12"),
            _stretch("active", "inactive", "2025-03-13", None),
            _stretch("stage", "develop", "2025-02-10", None),
            _stretch("status", "new", "2025-02-10", "2025-03-12"),
            _stretch("status", "at_risk", "2025-03-13", "2025-05-11"),
            _stretch("status", "inactive", "2025-05-12", None),
        ],
    }
    shown = judged.run("lifecycle", "stretches", "C-2").output
    assert "at_risk" in shown
    assert "2025-05-11" in shown


def _stretch(family: str, label: str, since: str, until: str | None) -> dict[str, object]:
    return {"family": family, "label": label, "from": since, "to": until, "version": 1}


def test_flow(judged: Shop) -> None:
    told = judged.told("lifecycle", "flow", "status", "--months", "5")
    assert (told["family"], told["through"]) == ("status", "2025-06-14")
    assert told["months"] == [
        {"month": "2025-02", "moves": [{"from": None, "to": "new", "moves": 1}]},
        {"month": "2025-03", "moves": [{"from": "new", "to": "at_risk", "moves": 1}]},
        {"month": "2025-04", "moves": []},
        {
            "month": "2025-05",
            "moves": [
                {"from": None, "to": "new", "moves": 1},
                {"from": "at_risk", "to": "inactive", "moves": 1},
            ],
        },
        {"month": "2025-06", "moves": [{"from": "new", "to": "active", "moves": 1}]},
    ]
    shown = judged.run("lifecycle", "flow", "status", "--months", "5").output
    assert "moves between status labels, up to 2025-06-14" in shown
    refused = judged.run("lifecycle", "flow", "type")
    assert refused.exit_code == 1
    assert "python bot.py lifecycle flow status" in refused.output


def test_cohorts(judged: Shop) -> None:
    told = judged.told("lifecycle", "cohorts", "--months", "5")
    assert told == {
        "through": "2025-06-14",
        "kinds": ["purchase"],
        "cohorts": [
            {"month": "2025-02", "customers": 1, "active": [1, 0, 0, 0]},
            {"month": "2025-03", "customers": 0, "active": [0, 0, 0]},
            {"month": "2025-04", "customers": 0, "active": [0, 0]},
            {"month": "2025-05", "customers": 1, "active": [1]},
            {"month": "2025-06", "customers": 0, "active": []},
        ],
    }
    assert "100%" in judged.run("lifecycle", "cohorts").output


def test_activity(judged: Shop) -> None:
    told = judged.told("lifecycle", "activity", "--months", "1")
    assert told == {
        "through": "2025-06-14",
        "currency": "USD",
        "months": [
            {
                "month": "2025-05",
                "active": {"customers": 1, "events": 1, "spent": "10.00", "value": "10.00", "contacts": 0},
                "inactive": {"customers": 1, "events": 0, "spent": "0.00", "value": "10.00", "contacts": 0},
            }
        ],
    }
    assert "2025-05" in judged.run("lifecycle", "activity").output
