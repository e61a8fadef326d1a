"""Numbers, amounts and times as people read them, in one language and one business time zone.

It must not know sentences: those are in ``text/``.
"""

from contextlib import AbstractContextManager
from datetime import date
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Final

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_datetime_format
from babel.numbers import format_currency, format_decimal, format_percent

from rules.instants import EARLIEST, LATEST, SECOND, Calendar, to_datetime
from rules.money import exponent
from templates.words import ENGLISH, Mrkdwn, escape

_ROOM: Final = 8
"""Digits more than a number has, for its rounding."""
_LAST_FOR_SLACK: Final = 253_402_300_799
"""Seconds; Slack shows the fallback of a date beyond the year 9999."""


def _digits_of(number: int) -> AbstractContextManager[Context]:
    """Let decimals have all the digits of ``number``: the usual 28 are no bound of what a customer's data says."""
    return localcontext(prec=len(str(number)) + _ROOM)


class Figures:
    """How numbers, amounts and times are written."""

    def __init__(self, language: str, calendar: Calendar) -> None:
        self.calendar = calendar
        try:
            self.locale = Locale.parse(language.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            self.locale = Locale.parse(ENGLISH)

    def money(self, minor: int, currency: str) -> str:
        """Write an amount of whole minor units: ``$1,234.50``."""
        with _digits_of(minor):
            amount = Decimal(minor).scaleb(-exponent(currency))
            return format_currency(amount, currency, locale=self.locale)

    def amount(self, major: Fraction, currency: str) -> str:
        """Write an amount in the currency's main unit, rounded to its minor one."""
        scale = 10 ** exponent(currency)
        return self.money(round(major * scale), currency)

    def number(self, value: Fraction | int, places: int = 1) -> str:
        """Write a number, rounded to ``places``."""
        digits = round(value * 10**places)
        with _digits_of(digits):
            return format_decimal(Decimal(digits).scaleb(-places), locale=self.locale)

    def percent(self, ratio: Fraction) -> str:
        """Write a ratio as a percentage, rounded: a half is ``50%``; a change carries its sign."""
        hundredths = round(ratio * 100)
        with _digits_of(hundredths):
            whole = format_percent(Decimal(hundredths) / 100, locale=self.locale)
        return f"+{whole}" if ratio > 0 else whole

    def chance(self, ratio: Fraction) -> str:
        """Write a probability or a share as a percentage; what is neither sure nor impossible is never shown as if it were."""
        whole = round(ratio * 100)
        return format_percent(
            Decimal(min(max(whole, 1), 99) if 0 < ratio < 1 else whole) / 100, locale=self.locale
        )

    def day(self, instant: int) -> str:
        """Write the business date of an instant: ``Nov 22, 2026``."""
        return format_date(self.calendar.date_of(_sane(instant)), format="medium", locale=self.locale)

    def short_day(self, day: date, *, year: bool = False) -> str:
        """Write a date for where there is little room: ``Nov 22``, with the year where it is wanted."""
        return format_skeleton("yMMMd" if year else "MMMd", day, locale=self.locale)

    def month(self, day: date) -> str:
        """Write a month for where there is little room: ``Nov 2026``."""
        return format_skeleton("yMMM", day, locale=self.locale)

    def share(self, part: int, whole: int) -> str:
        """Write a part of a whole as a percentage: ``37%``."""
        return format_percent(Decimal(round(Fraction(100 * part, whole))) / 100, locale=self.locale)

    def time(self, instant: int) -> str:
        """Write an instant by the business's clock: ``Nov 22, 2026, 9:00 AM``."""
        moment = to_datetime(_sane(instant)).astimezone(self.calendar.zone)
        day = format_date(moment.date(), format="medium", locale=self.locale)
        clock = format_time(moment.timetz(), format="short", locale=self.locale, tzinfo=self.calendar.zone)
        return str(get_datetime_format("medium", locale=self.locale)).format(clock, day)

    def slack_time(self, instant: int) -> Mrkdwn:
        """Write an instant so that Slack shows it by each reader's own clock; the business's where it cannot."""
        seconds = min(_sane(instant) // SECOND, _LAST_FOR_SLACK)
        fallback = escape(self.time(instant).replace("|", " "))
        return Mrkdwn(f"<!date^{seconds}^{{date_short}}, {{time}}|{fallback}>")


def _sane(instant: int) -> int:
    # A day from either end, so that no time zone leaves the years that dates can say.
    return min(max(instant, EARLIEST + 86_400_000), LATEST - 86_400_000)
