"""What came of a test of rules, compared with what was expected: every difference in the words of the file.

It must not know how anything came about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from rules.trials.trial import Expectation, Message, Outcome, Told

_NONE: Final = "none"
_LONGEST_TEXT: Final = 400
_Thing = TypeVar("_Thing", Told, Message)


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that came out otherwise: ``at`` as the file writes it, ``what`` was looked at, and both sides of it."""

    at: str
    what: str
    expected: str
    found: str


def judge(expected: Expectation, found: Outcome, *, alone: bool) -> tuple[int, tuple[Failure, ...]]:
    """Compare; gives how many things were looked at, and the failures. ``alone``: there is one rule, left unnamed."""
    wanted = expected.outcome
    failures: list[Failure] = []
    checks = 0
    for what in ("open", "opens", "resolves", "suppressed"):
        told: tuple[Told, ...] | None = getattr(wanted, what)
        if told is not None:
            checks += 1
            failures += _compare(expected.written, what, told, getattr(found, what) or (), alone=alone)
    if wanted.messages is not None:
        checks += 1
        failures += _compare_messages(expected.written, wanted.messages, found.messages or (), alone=alone)
    return checks, tuple(failures)


def _compare(
    at: str, what: str, wanted: Sequence[Told], found: Sequence[Told], *, alone: bool
) -> list[Failure]:
    if _paired(wanted, found, _is_told):
        return []
    # What was found is said as finely as what was expected, so that the eye finds the difference.
    return [Failure(at, what, _list(wanted, alone=alone), _list(found, alone=alone))]


def _compare_messages(
    at: str, wanted: Sequence[Message], found: Sequence[Message], *, alone: bool
) -> list[Failure]:
    if _paired(wanted, found, _is_message):
        return []
    expected = "\n".join(_message(one, alone=alone) for one in wanted) or _NONE
    came = "\n".join(_came(one, wanted, alone=alone) for one in found) or _NONE
    return [Failure(at, "messages", expected, came)]


def _came(found: Message, wanted: Sequence[Message], *, alone: bool) -> str:
    """Say a message that came; where it is one that was expected but for its words, which of them it lacks."""
    for one in wanted:
        lacking = [piece for piece in one.says if not _says(found, piece)]
        if lacking and _is_message(replace(one, says=()), found):
            pieces = " and ".join(f"“{piece}”" for piece in lacking)
            return f"{_message(replace(found, says=()), alone=alone)} without {pieces}{_saying(found)}"
    return _message(found, alone=alone)


def _paired(
    wanted: Sequence[_Thing], found: Sequence[_Thing], is_it: Callable[[_Thing, _Thing], bool]
) -> bool:
    """Whether each thing found is one that is wanted, and the other way round: a perfect matching, by augmenting."""
    if len(wanted) != len(found):
        return False
    taken: dict[int, int] = {}

    def place(one: int, tried: set[int]) -> bool:
        fitting = [other for other, thing in enumerate(found) if is_it(wanted[one], thing)]
        # Those that nobody has come first: so a chain of moves is as short as it can be.
        for other in sorted(fitting, key=taken.__contains__):
            if other not in tried:
                tried.add(other)
                if other not in taken or place(taken[other], tried):
                    taken[other] = one
                    return True
        return False

    return all(place(one, set()) for one in range(len(wanted)))


def _is_told(wanted: Told, found: Told) -> bool:
    return (
        (wanted.rule, wanted.customer) == (found.rule, found.customer)
        and wanted.reason in (None, found.reason)
        and wanted.resolution in (None, found.resolution)
        and wanted.stage in (None, found.stage)
    )


def _is_message(wanted: Message, found: Message) -> bool:
    return (
        (wanted.telling, wanted.rule) == (found.telling, found.rule)
        and sorted(wanted.customers) == sorted(found.customers)
        and wanted.channel in (None, found.channel)
        and all(_says(found, piece) for piece in wanted.says)
    )


def _says(message: Message, piece: str) -> bool:
    wanted = " ".join(piece.split()).casefold()
    return any(wanted in text.casefold() for text in message.says)


def _list(told: Sequence[Told], *, alone: bool) -> str:
    return "\n".join(sorted(_told(one, alone=alone) for one in told)) or _NONE


def _told(one: Told, *, alone: bool) -> str:
    name = one.customer if alone else f"{one.rule}: {one.customer}"
    details = [str(detail) for detail in (one.resolution, one.stage, one.reason) if detail is not None]
    return f"{name} ({', '.join(details)})" if details else name


def _message(one: Message, *, alone: bool) -> str:
    rule = "" if alone else f"{one.rule}, "
    channel = f" in {one.channel}" if one.channel else ""
    return f"{one.telling}: {rule}{', '.join(one.customers)}{channel}{_saying(one)}"


def _saying(one: Message) -> str:
    text = " … ".join(one.says)
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
    return f" saying “{shown}”" if shown else ""
