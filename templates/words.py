"""Words: every text that a person reads comes from a macro in ``templates/text``, in the reader's language.

A macro is named by its page and its own name: ``words.say("errors", "bad_instant", text="31.2.")``. Every text that
goes in is escaped with Slack's three characters, unless it is `Mrkdwn` already; nothing undefined is ever shown.
It must not know blocks.
"""

import gettext
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from rules.conditions.problems import ConditionError, Problem
from rules.conditions.spans import Span, caret
from rules.errors import WarmlineError
from rules.files.mistakes import MOST_TOLD, BadFileError, Mistake

FOLDER: Final = Path(__file__).parent
LOCALES: Final = FOLDER / "locales"
ENGLISH: Final = "en"
_LONGEST_UNDERLINED: Final = 70
"""Characters; a line of marks longer than this points at nothing."""
_REPAIRED: Final = 450
"""How much of a repaired condition is shown; the whole may be a long text."""

# What no text that is shown may carry: controls, halves of a character, and what turns the rest of a line around.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2060\u2066\u2067\ufeff\ufff9-\ufffb]"
)
_HALF: Final = re.compile("[\ud800-\udfff]")
_NO_ISOLATES: Final = str.maketrans("", "", "\u2068\u2069")
_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_LOOK_ALIKES: Final = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_UNDERSCORE: Final = re.compile("(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_QUOTE: Final = re.compile(r"^(\s*)>", re.MULTILINE)
_SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{4,20}\Z")
_SLACK_GROUP: Final = re.compile(r"S[A-Z0-9]{4,20}\Z")
_COLLEAGUES: Final = ("by", "managers")
"""Parameters of errors that hold Slack ids of colleagues."""


class Mrkdwn(str):
    """Text that is Slack mrkdwn already: escaped, or made by us."""

    __slots__ = ()


class _Translations(Protocol):
    def gettext(self, message: str) -> str: ...
    def ngettext(self, singular: str, plural: str, n: int) -> str: ...
    def pgettext(self, context: str, message: str) -> str: ...
    def npgettext(self, context: str, singular: str, plural: str, n: int) -> str: ...


def clean(value: str) -> str:
    """Take out what must not be shown: control characters, halves of characters, marks that turn text around."""
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", _UNSEEN.sub("", value.replace("\r\n", "\n")))


def escape(value: str) -> Mrkdwn:
    """Let a text stand in mrkdwn as mere text: it neither mentions nor links, and nothing in it is bold, code or a quote.

    Slack knows no way to escape its marks, and a character of no width beside one does not stop every client: so each
    becomes its look-alike. An underscore between letters or digits marks nothing and stays, for ids and addresses.
    """
    if isinstance(value, Mrkdwn):
        return value
    return literal(_QUOTE.sub("\\1\u203a", _UNDERSCORE.sub("\u02cd", value.translate(_LOOK_ALIKES))))


def literal(value: str) -> Mrkdwn:
    """Take the meaning from Slack's three control characters alone: for addresses of links."""
    if isinstance(value, Mrkdwn):
        return value
    return Mrkdwn(clean(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def code(value: str) -> Mrkdwn:
    """Let a text stand between backticks, where it can be copied: no mark acts there but the backtick."""
    return literal(value.replace("`", "'"))


def cut(value: str, length: int) -> str:
    """Shorten ``value`` to ``length`` characters, the last of them an ellipsis; to be done before escaping."""
    return value if len(value) <= length else value[: length - 1].rstrip() + "…"


def name_of(value: str, length: int = 80) -> str:
    """Give somebody else's text as it may stand within a line of ours: cleaned, on one line, cut, facing its own way."""
    line = cut(" ".join(clean(value).translate(_NO_ISOLATES).split()), length)
    # Between isolates, a name that is written from right to left leaves the words around it where they are.
    return f"\u2068{line}\u2069" if _RIGHT_TO_LEFT.search(line) else line


def mention(person: str | None) -> Mrkdwn:
    """Name a colleague by Slack id, so that Slack shows the name; an e-mail address as it is."""
    if person and _SLACK_USER.match(person):
        return Mrkdwn(f"<@{person}>")
    if person and _SLACK_GROUP.match(person):
        return Mrkdwn(f"<!subteam^{person}>")
    return escape(name_of(person or "?"))


def languages() -> list[str]:
    """Give the languages that there are words in: the templates' own, and those whose translations are compiled."""
    return sorted({ENGLISH, *(path.parts[-3] for path in LOCALES.glob("*/LC_MESSAGES/warmline.mo"))})


class Words:
    """The texts in one language."""

    def __init__(self, language: str = ENGLISH) -> None:
        self.language = language
        self._environment = _environment(language)

    def say(self, page: str, name: str, /, **params: object) -> Mrkdwn:
        """Give the text ``name`` of ``page`` as mrkdwn; strings in ``params`` are escaped, in lists and mappings too."""
        return Mrkdwn(self._call(page, name, {key: _escaped(value) for key, value in params.items()}))

    def plain(self, page: str, name: str, /, **params: object) -> str:
        """Give the text for where nothing is interpreted: a ``plain_text`` object, a terminal, a log."""
        return self._call(page, name, {key: _cleaned(value) for key, value in params.items()})

    def has(self, page: str, name: str) -> bool:
        """Whether ``page`` has a text ``name``."""
        return hasattr(self._page(page).module, name)

    def error(self, error: WarmlineError) -> Mrkdwn:
        """Say what went wrong and what to do next, as mrkdwn."""
        if isinstance(error, ConditionError):
            problems = [self._problem(problem, error.source, self.say, code) for problem in error.problems]
            return self.say("errors", error.code, problems=problems, fenced=True)
        if isinstance(error, BadFileError):
            mistakes = [self._mistake(one, self.say, self.error) for one in error.mistakes[:MOST_TOLD]]
            return self.say("errors", error.code, path=error.path, mistakes=mistakes, more=_more(error))
        params = {
            name: _mentioned(value) if name in _COLLEAGUES else value for name, value in error.params.items()
        }
        return self.say("errors", error.code, **params)

    def error_plain(self, error: WarmlineError) -> str:
        """Say what went wrong and what to do next, for a terminal."""
        if isinstance(error, ConditionError):
            problems = [self._problem(problem, error.source, self.plain, clean) for problem in error.problems]
            return self.plain("errors", error.code, problems=problems, fenced=False)
        if isinstance(error, BadFileError):
            mistakes = [
                self._mistake(one, self.plain, self.error_plain) for one in error.mistakes[:MOST_TOLD]
            ]
            return self.plain("errors", error.code, path=error.path, mistakes=mistakes, more=_more(error))
        return self.plain("errors", error.code, **error.params)

    def problem(self, problem: Problem) -> Mrkdwn:
        """Say one thing about a condition, as mrkdwn."""
        return self.say("conditions", problem.code, **problem.params)

    def _problem(
        self, problem: Problem, source: str, say: Callable[..., str], quoted: Callable[[str], str]
    ) -> dict[str, str]:
        return {
            "pointer": quoted(_pointer(source, problem)),
            "said": say("conditions", problem.code, **problem.params),
            "repaired": quoted(cut(problem.repaired(source) or "", _REPAIRED)),
        }

    def _mistake(
        self, mistake: Mistake, say: Callable[..., str], say_error: Callable[[WarmlineError], str]
    ) -> dict[str, object]:
        said = (
            say_error(mistake.cause) if mistake.cause else say(mistake.page, mistake.code, **mistake.params)
        )
        return {"line": mistake.line, "where": mistake.where, "said": said}

    def _page(self, page: str) -> Template:
        return self._environment.get_template(f"{page}.j2")

    def _call(self, page: str, name: str, params: Mapping[str, object]) -> str:
        macro = getattr(self._page(page).module, name)
        return str(macro(**params)).strip()


def _pointer(source: str, problem: Problem) -> str:
    """Point at a problem; where that would underline all that is shown of a longer text, at its beginning alone."""
    start, end = problem.span
    short = Span(start, start + 1) if end - start > _LONGEST_UNDERLINED else problem.span
    return caret(source, short)


def _more(error: BadFileError) -> int:
    return max(0, len(error.mistakes) - MOST_TOLD)


def _mentioned(value: object) -> object:
    if isinstance(value, str):
        return mention(value)
    return [mention(str(one)) for one in value] if isinstance(value, Sequence) else value


def _escaped(value: object) -> object:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_escaped(item) for item in value]
    return value


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_cleaned(item) for item in value]
    return value


@lru_cache(maxsize=16)
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "text"),
        undefined=StrictUndefined,
        # Not HTML: what goes in is escaped for Slack before, in `Words.say`.
        autoescape=False,  # noqa: S701
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    translations = cast("_Translations", _translations(language))
    cast("Any", environment).install_gettext_translations(translations, newstyle=True)
    return environment


def _translations(language: str) -> gettext.NullTranslations:
    # English is the language of the templates themselves.
    return gettext.translation("warmline", LOCALES, languages=[language], fallback=True)
