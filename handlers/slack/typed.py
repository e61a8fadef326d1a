"""What people type after a slash command: the subcommand, options, and the rest as it stands.

Forgiving: phones bend quotes and make one long dash of two short ones; a name may hold an apostrophe. It must not know
what any command does.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from rapidfuzz import fuzz, process

from rules.conditions.normalise import QUOTED, normalise
from rules.errors import WarmlineError

LONGEST: Final = 8_000
_LINK: Final = re.compile(r"<(?:mailto:|https?:)[^<>|]*\|([^<>|]*)>")
_BARE_LINK: Final = re.compile(r"<(?:mailto:)?([^<>|@#!\s][^<>|\s]*)>")
_USER: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_PIECES: Final = re.compile(rf"({QUOTED})", re.DOTALL)
_ALIKE: Final = 70.0


class UsageError(WarmlineError):
    """What was typed cannot be read as a command; the answer shows what can be."""

    code: ClassVar[str] = "error"


class UnknownCommandError(UsageError):
    """``text`` is no subcommand of ``command``; ``nearest`` are those like it, perhaps none."""

    code: ClassVar[str] = "unknown_command"


class UnknownOptionError(UsageError):
    """``option`` is none of the command's; ``nearest`` are those like it, perhaps none."""

    code: ClassVar[str] = "unknown_option"


class OptionNeedsValueError(UsageError):
    """Nothing stands after ``option``."""

    code: ClassVar[str] = "option_needs_value"


class MissingArgumentError(UsageError):
    """Something is missing; ``usage`` shows it."""

    code: ClassVar[str] = "missing_argument"


class ExtraArgumentError(UsageError):
    """``text`` stands where nothing belongs; ``usage`` shows how it goes."""

    code: ClassVar[str] = "extra_argument"


class OpenQuoteError(UsageError):
    """A quotation mark is never closed: ``text`` from there on, cut."""

    code: ClassVar[str] = "open_quote"


class TooMuchTextError(UsageError):
    """More was typed than is read: its ``length`` and the ``limit``."""

    code: ClassVar[str] = "too_much_text"


class NotANumberError(UsageError):
    """``text`` is no number of an alert; ``usage`` shows how it goes."""

    code: ClassVar[str] = "not_a_number"


class NotASilenceError(UsageError):
    """``text`` is no number of a silence; ``usage`` shows how it goes."""

    code: ClassVar[str] = "not_a_silence"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: all that is no option, as it stands, the options' values by name, and the words ``after`` some."""

    rest: str
    options: Mapping[str, str]
    after: Mapping[str, str] = field(default_factory=dict)


def plain(text: str) -> str:
    """Undo what Slack does to a text: links to what was typed, entities to their characters, space to one blank."""
    if len(text) > LONGEST:
        raise TooMuchTextError(length=len(text), limit=LONGEST)
    shown = unlinked(text)
    for entity, character in _ENTITIES:
        shown = shown.replace(entity, character)
    return " ".join(shown.split())


def unlinked(text: str) -> str:
    """Undo the links that Slack makes of addresses and of colleagues' names; a colleague becomes the Slack id."""
    return _BARE_LINK.sub(r"\1", _LINK.sub(r"\1", _USER.sub(r"\1", text)))


def first_word(text: str) -> tuple[str, str]:
    """Split a text into its first word and the rest."""
    word, _, rest = text.strip().partition(" ")
    return word, rest.strip()


def nearest(word: str, known: Collection[str]) -> list[str]:
    """Give those of ``known`` that ``word`` may be a slip for, the likest first."""
    found = process.extract(word.casefold(), list(known), scorer=fuzz.ratio, limit=2, score_cutoff=_ALIKE)
    return [name for name, _, _ in found]


def read(
    text: str, known: Sequence[str], *, to_the_end: Collection[str] = (), followed: Collection[str] = ()
) -> Typed:
    """Take the options ``known`` out of ``text``: ``--name value``, ``--name=value`` or ``--name "some words"``.

    A value without quotes is one word, or several with a comma after each but the last; of an option in ``to_the_end``
    it is all up to the next option. What follows a value is part of the rest; that of an option in ``followed`` is kept
    for itself. Raises `UnknownOptionError`, `OptionNeedsValueError` or `OpenQuoteError`.
    """
    source = normalise(unlinked(text))
    starts = _options(source, known)
    options: dict[str, str] = {}
    after: dict[str, str] = {}
    rest = [source[: starts[0][1]] if starts else source]
    for index, (name, _, end) in enumerate(starts):
        until = starts[index + 1][1] if index + 1 < len(starts) else len(source)
        value, left = _value(name, source[end:until].strip(), whole=name in to_the_end)
        options[name] = value
        if name in followed:
            after[name] = left.strip()
        else:
            rest.append(left)
    return Typed(" ".join(piece.strip() for piece in rest if piece.strip()), options, after)


def _options(source: str, known: Sequence[str]) -> list[tuple[str, int, int]]:
    """Find the options outside quotes: (name, where it begins, where its value may)."""
    found: list[tuple[str, int, int]] = []
    place = 0
    # One long dash may have been two short ones; then only a name that is known makes an option of it.
    short = "|".join(re.escape(name) for name in known) or "(?!)"
    option = re.compile(rf"(?<!\S)(?:--([a-z][\w-]*)|-({short}))(?=[\s=]|\Z)=?", re.IGNORECASE)
    for index, piece in enumerate(_PIECES.split(source)):
        if index % 2 == 0:
            for match in option.finditer(piece):
                name = (match[1] or match[2]).casefold()
                if name not in known:
                    near = [f"--{one}" for one in nearest(name, known)]
                    raise UnknownOptionError(option=f"--{name[:40]}", nearest=near)
                found.append((name, place + match.start(), place + match.end()))
        place += len(piece)
    return found


def _value(name: str, text: str, *, whole: bool) -> tuple[str, str]:
    """Split what follows an option into its value and the rest."""
    if not text:
        raise OptionNeedsValueError(option=f"--{name}")
    if text[0] in "\"'":
        match = re.match(QUOTED, text, re.DOTALL)
        if match is None:
            raise OpenQuoteError(text=text[:80])
        return re.sub(r"\\(.)", r"\1", match[0][1:-1], flags=re.DOTALL), text[match.end() :]
    if whole:
        return text, ""
    value, rest = first_word(" ".join(text.split("\n", maxsplit=1)))
    while value.endswith(",") and rest:
        word, rest = first_word(rest)
        value = f"{value} {word}"
    return value, rest
