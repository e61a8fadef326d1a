"""Money: whole minor units of a currency, and the text that people and files write for it.

Exact, or refused: nothing is rounded and no float is seen. It must not know exchange rates; currencies never mix.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from rules.errors import WarmlineError

MOST_MINOR_UNITS: Final = 10**12
"""The largest amount taken, either way: nine million such events still add up within 64 bits."""

_ISO_4217: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
        "GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD "
        "MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
        "RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
        "USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: Final[Mapping[str, int]] = MappingProxyType(
    {code: digits for digits, codes in _ISO_4217.items() for code in codes.split()}
)
"""How many decimals each currency of ISO 4217 has: 0 for JPY, 2 for USD, 3 for KWD."""

_AMOUNT: Final = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]*))?|([+-]?)\.([0-9]+)")
_LONGEST: Final = 60


class UnknownCurrencyError(WarmlineError):
    """A code that ISO 4217 does not have: ``currency``, cut."""

    code: ClassVar[str] = "unknown_currency"


class BadAmountError(WarmlineError):
    """A text that is no plain decimal number (no exponent, no thousands, no NaN): ``text``, cut."""

    code: ClassVar[str] = "bad_amount"


class TooManyDecimalsError(WarmlineError):
    """An amount finer than its currency's smallest unit: ``text``, ``currency`` and its ``decimals``."""

    code: ClassVar[str] = "too_many_decimals"


class AmountOutOfRangeError(WarmlineError):
    """An amount beyond `MOST_MINOR_UNITS`: ``text``, cut, and ``currency``."""

    code: ClassVar[str] = "amount_out_of_range"


def exponent(currency: str) -> int:
    """Give the number of decimals of ``currency``, a code in capitals. Raises `UnknownCurrencyError`."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrencyError(currency=currency[:20]) from None


def minor_units(text: str, currency: str) -> int:
    """Read a decimal amount in the main unit as whole minor units: ``"10.5"`` in USD is 1050.

    Zeros beyond the currency's decimals change nothing and are taken; anything else beyond them is refused. Raises
    `UnknownCurrencyError`, `BadAmountError`, `TooManyDecimalsError` or `AmountOutOfRangeError`.
    """
    decimals = exponent(currency)
    written = text.strip()
    match = _AMOUNT.fullmatch(written) if len(written) <= _LONGEST else None
    if match is None:
        raise BadAmountError(text=written[:_LONGEST])
    sign, whole, rest = match[1] or match[4] or "", match[2] or "", match[3] or match[5] or ""
    kept = rest.rstrip("0")
    if len(kept) > decimals:
        raise TooManyDecimalsError(text=written, currency=currency, decimals=decimals)
    minor = int(whole + kept.ljust(decimals, "0") or "0")
    if minor > MOST_MINOR_UNITS:
        raise AmountOutOfRangeError(text=written, currency=currency)
    return -minor if sign == "-" else minor


def decimal_text(minor: int, currency: str) -> str:
    """Write minor units in the main unit, with all the currency's decimals: 1050 in USD is ``"10.50"``."""
    decimals = exponent(currency)
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    whole, rest = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    return f"{'-' if minor < 0 else ''}{whole}{'.' if rest else ''}{rest}"
