"""Fits as they are stored: whole, in order, and which is in force when."""

from dataclasses import replace

from rules.instants import DAY, Calendar
from rules.lifecycle.fit import Calibration, Fit, Lack, Lacking, Unit
from storage import fits
from storage.database import Database
from tests.rules.lifecycle.fits import a_fit, part

UTC = Calendar.of("UTC")
D = 20_000 * DAY


def whole() -> Fit:
    made = a_fit(D, UTC, segments={"vip": part(), "straße": part(spending=None)})
    lacks = (Lack(Lacking.SPENDERS, 3, 50),)
    return replace(
        made,
        whole=replace(part(spending=None), lacks=lacks),
        terms=replace(made.terms, unit=Unit.DAY, discount=0.035),
        calibration=Calibration(19_000, 412, (1.125, 2.25), (1, 3)),
        cuts=(0, 7, 2**61),
    )


def test_what_is_stored_comes_back_whole(database: Database) -> None:
    with database.writing() as tx:
        first, second = fits.add(tx, whole(), now=D), fits.add(tx, replace(whole(), whole=None), now=D)
    assert (first.id, second.id) == (1, 2)
    with database.reading() as tx:
        assert fits.in_force(tx, D) == first == replace(whole(), id=1)
        assert fits.latest(tx) == second


def test_the_latest_usable_one_is_in_force_and_of_two_as_of_one_instant_the_later_made(
    database: Database,
) -> None:
    with database.writing() as tx:
        assert fits.latest(tx) is None
        assert fits.in_force(tx, D) is None
        assert fits.number_in_force(tx, D) is None
        assert fits.first(tx) is None
        for as_of in (D, D + DAY, D + DAY, D - DAY):
            fits.add(tx, a_fit(as_of, UTC), now=D)
        fits.add(tx, replace(a_fit(D + 2 * DAY, UTC), whole=None), now=D)
    with database.reading() as tx:
        assert fits.first(tx) == D - DAY
        found = {
            at: fits.number_in_force(tx, at)
            for at in (D - DAY - 1, D - DAY, D - 1, D, D + DAY - 1, D + DAY, D + 9 * DAY)
        }
        assert list(found.values()) == [None, 4, 4, 1, 1, 3, 3]
        for at, number in found.items():
            now = fits.in_force(tx, at)
            assert (None if now is None else now.id) == number
        assert [one.id for one in fits.during(tx, D - 2 * DAY, D + 9 * DAY)] == [4, 1, 3]
        assert [one.id for one in fits.during(tx, D - 1, D)] == [4, 1]
        assert [one.id for one in fits.during(tx, D, D)] == [1]
        assert fits.during(tx, D - 9 * DAY, D - 8 * DAY) == []
