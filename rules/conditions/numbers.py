"""Exact decimal numbers, bounded so that columns of them fit in 64 bits."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

MOST_DIGITS: Final = 18


def exact(written: str | int | Decimal) -> Fraction | None:
    """Give a decimal number as a fraction; None for what is no number, or needs more than 18 digits on a side.

    So numerator and denominator are at most 10**18. An exponent costs nothing, however large it is.
    """
    try:
        number = Decimal(written)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    if not number:
        return Fraction(0)
    _, digits, exponent = number.as_tuple()
    fits = len(digits) <= MOST_DIGITS and number.adjusted() < MOST_DIGITS and int(exponent) >= -MOST_DIGITS
    return Fraction(number) if fits else None


def decimal_text(number: Fraction) -> str:
    """Write a decimal fraction in full, without an exponent or needless zeros: ``-0.5``, ``1200``.

    Raises ValueError for a fraction that no finite decimal equals, such as a third.
    """
    for places in range(2 * MOST_DIGITS + 1):
        scaled = number * 10**places
        if scaled.denominator == 1:
            digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
            whole, rest = (digits[:-places], digits[-places:]) if places else (digits, "")
            return f"{'-' if number < 0 else ''}{whole}{'.' if rest else ''}{rest}"
    raise ValueError("not a finite decimal")
