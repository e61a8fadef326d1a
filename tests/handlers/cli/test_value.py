"""``bot.py value`` as people type it."""

import json
from typing import Any

import pytest

from bot import invoke
from handlers.cli.base import Cli
from handlers.context import Context
from handlers.import_file import import_file
from rules.instants import DAY
from settings import Settings
from storage import fits
from storage.database import Database
from tests.cdnow import path
from tests.contexts import StillClock, context
from tests.handlers.test_value import D, shop
from tests.histories import customer, purchases
from tests.rules.lifecycle.fits import a_fit


def cli_of(ctx: Context) -> Cli:
    return Cli(Settings.given(database_url="sqlite:///x.db"), make=lambda _: ctx)


@pytest.fixture
def ctx(database: Database) -> Context:
    return context(database, now=StillClock(D))


def answered(ctx: Context, capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = invoke(["value", *argv], cli_of(ctx))
    out = capsys.readouterr()
    return code, out.out, out.err


def data(ctx: Context, capsys: pytest.CaptureFixture[str], *argv: str, code: int = 0) -> dict[str, Any]:
    found, out, _ = answered(ctx, capsys, *argv, "--json")
    assert found == code
    # The log, which nothing has set up here, stands before it.
    said: dict[str, Any] = json.loads(out.splitlines()[-1])
    return said


PUBLISHED: dict[str, tuple[dict[str, float], float]] = {
    "mbg_nbd": ({"r": 0.52484, "alpha": 6.18299, "a": 0.89136, "b": 1.614}, -9582.133),
    "bg_nbd": ({"r": 0.24259, "alpha": 4.41353, "a": 0.79289, "b": 2.42575}, -9582.426),
}


def test_the_published_figures_in_json(
    ctx: Context, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    import_file(ctx, path("CDNOW_sample.txt"))
    for model, (params, log_likelihood) in PUBLISHED.items():
        found = data(ctx, capsys, "fit", "--model", model, "--as-of", "1997-09-30")
        assert list(found) == ["model", "params", "log_likelihood", "customers", "spend"]
        assert (found["model"], found["customers"]) == (model, 2357)
        assert found["params"] == pytest.approx(params, rel=1e-3)
        assert found["log_likelihood"] == pytest.approx(log_likelihood, abs=0.1)
        spend = {"p": 6.2488, "q": 3.7446, "v": 15.4477, "log_likelihood": -4055.923}
        assert found["spend"] == pytest.approx(spend, rel=1e-3)
    by_day = data(ctx, capsys, "fit", "--unit", "day", "--as-of", "1997-09-30")
    assert by_day["params"]["alpha"] == pytest.approx(7 * 6.18299, rel=1e-3)
    code, out, err = answered(ctx, capsys, "fit", "--model", "bg_nbd", "--as-of", "1997-09-30")
    assert code == 0
    assert "2,357" in out
    assert "shown and not kept" in err
    shown = data(ctx, capsys, "show")
    assert shown["in_force"] == shown["latest"]
    assert (shown["latest"]["id"], shown["latest"]["unit"], shown["latest"]["model"]) == (2, "day", "mbg_nbd")
    assert [week["week"] for week in shown["latest"]["calibration"]["weeks"]] == list(range(1, 13))
    code, out, _ = answered(ctx, capsys, "show")
    assert code == 0
    assert "Customers are scored by fit 2" in out
    assert "models that had not seen it expected" in out
    worth = data(ctx, capsys, "of", "00004")
    assert 0 < worth["p_alive"] < 1
    assert worth["clv"]["currency"] == "USD"
    assert worth["fit"] == 2
    code, out, err = answered(ctx, capsys, "of", "00004")
    assert (code, err) == (0, "")
    assert "Chance of another purchase" in out


def test_a_shop_with_40_customers_hears_kind_words(
    ctx: Context, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    shop(database, 40)
    code, out, _ = answered(ctx, capsys, "fit")
    assert code == 1
    assert "There are 40 customers with a purchase; from 200 on there is something to tell." in out
    assert "That is no fault" in out
    assert "hold for nobody" in out
    found = data(ctx, capsys, "fit", code=1)
    assert (found["params"], found["log_likelihood"], found["spend"], found["customers"]) == (
        None,
        None,
        None,
        40,
    )
    assert found["lacks"][0] == {"what": "customers", "have": 40, "need": 200}
    code, out, _ = answered(ctx, capsys, "show")
    assert code == 0
    assert "No fit is in force" in out
    assert "lacked something" in out
    code, _, err = answered(ctx, capsys, "of", "c1")
    assert code == 0
    assert "No fit is in force" in err


def test_show_before_anything_was_fitted(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    assert data(ctx, capsys, "show") == {"in_force": None, "latest": None}
    code, out, _ = answered(ctx, capsys, "show")
    assert code == 0
    assert "Nothing was fitted yet" in out


def test_what_is_unknown_of_a_customer_is_said_and_never_a_number(
    ctx: Context, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        customer(database, number, known_since=D - 90 * DAY)
    purchases(database, 2, [D - DAY], cents=0)
    with database.writing() as tx:
        fits.add(tx, a_fit(D, ctx.calendar), now=D)
    nobody = data(ctx, capsys, "of", "c1")
    assert {nobody[name] for name in ("p_alive", "expected_purchases", "clv", "clv_rank")} == {None}
    assert "no purchase so far" in answered(ctx, capsys, "of", "c1")[2]
    given = data(ctx, capsys, "of", "c2")
    assert given["p_alive"] > 0
    assert (given["clv"], given["clv_rank"]) == (None, None)
    assert "spent nothing in USD" in answered(ctx, capsys, "of", "c2")[2]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("fit", "--model", "pareto_nbd"), 2, "'mbg_nbd'"),
        (("fit", "--discount", "120"), 2, "0<=x<=100"),
        (("fit", "--kind", "***"), 2, "is no name of a kind"),
        (("fit", "--as-of", "yesterday"), 2, "yesterday"),
        (("fit",), 1, "There is no event of the kind purchase"),
        (("fit", "--kind", "order"), 1, "There is no event of the kind order"),
        (("of", "nobody"), 1, "nobody"),
    ],
)
def test_bad_input_by_hand(
    ctx: Context, capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], code: int, said: str
) -> None:
    found, _, err = answered(ctx, capsys, *argv)
    assert found == code
    assert said in err


def test_as_of_before_any_purchase_says_when_the_first_was(
    ctx: Context, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    customer(database, 1, known_since=D - 90 * DAY)
    purchases(database, 1, [D - DAY])
    code, _, err = answered(ctx, capsys, "fit", "--as-of", "2020-01-01")
    assert code == 1
    assert "the first came at 2024-10-03T00:00:00Z" in err


def test_a_rule_that_nothing_can_be_said_for_is_added_with_a_word_of_it(
    ctx: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["rules", "add", "leaving", "p_alive < 40%"], cli_of(ctx)) == 0
    assert "`p_alive` is known of nobody so far" in capsys.readouterr().err
    assert invoke(["rules", "show", "leaving"], cli_of(ctx)) == 0
    assert "`p_alive` is known of nobody so far" in capsys.readouterr().err
