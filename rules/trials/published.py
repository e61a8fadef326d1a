"""The value models of tests of rules: nothing is fitted there, for a story has a few customers, and a fit wants hundreds.

Their parameters are those published for CDNOW, in weeks. It must not know whose values they give.
"""

from typing import Final

from rules.conditions.days import date_ordinal
from rules.instants import Calendar
from rules.lifecycle.buying import Buying, Model
from rules.lifecycle.fit import Fit, Part, Terms
from rules.lifecycle.score import CLV_FINE, RANKS
from rules.lifecycle.spending import Spending
from rules.money import exponent

_BUYING: Final = Buying(Model.MBG_NBD, 0.52484, 6.18299, 0.89136, 1.61400)
_SPENDING: Final = Spending(6.2488, 3.7446, 15.4477)
_CUSTOMERS: Final = 2_357
_REPEATERS: Final = 946
_WEEKS: Final = 39
_MOST_WORTH: Final = 200
"""Nearly everybody of CDNOW is worth less than so much, in main units of the currency, over 12 months."""


def published(as_of: int, calendar: Calendar, currency: str) -> Fit:
    """Give the models as if they had been fitted at the instant ``as_of``.

    Source: BTYDplus for MBG/NBD, Fader and Hardie for Gamma-Gamma. Ranks by worth are even from nothing to
    `_MOST_WORTH`: half of it is a rank of 50%.
    """
    return Fit(
        as_of=as_of,
        day=date_ordinal(calendar.date_of(as_of)),
        currency=currency,
        decimals=exponent(currency),
        terms=Terms(),
        customers=_CUSTOMERS,
        repeaters=_REPEATERS,
        weeks=_WEEKS,
        whole=Part(_BUYING, -9_582.133, _CUSTOMERS, _REPEATERS, _SPENDING, -4_055.923, _REPEATERS),
        cuts=tuple(place * _MOST_WORTH * CLV_FINE // RANKS for place in range(RANKS)),
    )
