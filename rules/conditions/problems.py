"""What can be wrong with a condition, where, and what would repair it.

The words stand in ``templates/text/conditions.j2``, one macro for each code, called with the problem's ``params``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from rules.conditions.spans import Span
from rules.errors import WarmlineError


class Code(StrEnum):
    """Every problem that a condition can have; each is the name of the macro that says it."""

    # the text
    EMPTY = "empty"
    TOO_LONG = "too_long"
    TOO_DEEP = "too_deep"
    TOO_MANY_NODES = "too_many_nodes"
    BAD_CHARACTER = "bad_character"
    UNCLOSED_TEXT = "unclosed_text"
    UNCLOSED_BRACKET = "unclosed_bracket"
    EXTRA_BRACKET = "extra_bracket"
    UNEXPECTED = "unexpected"
    UNFINISHED = "unfinished"
    # names
    UNKNOWN_FUNCTION = "unknown_function"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_ATTRIBUTE = "unknown_attribute"
    NO_FIT = "no_fit"
    NO_HEALTH = "no_health"
    NO_LIFECYCLE = "no_lifecycle"
    UNKNOWN_LABEL = "unknown_label"
    BAD_NAME = "bad_name"
    # what stands between a function's brackets
    NEEDS_BRACKETS = "needs_brackets"
    MISSING_ARGUMENT = "missing_argument"
    EXTRA_ARGUMENT = "extra_argument"
    WRONG_ARGUMENT = "wrong_argument"
    MISPLACED_FILTER = "misplaced_filter"
    FUNCTION_IN_FILTER = "function_in_filter"
    BAD_WINDOW = "bad_window"
    ZERO_WINDOW = "zero_window"
    WINDOW_TOO_LONG = "window_too_long"
    # comparisons and constants
    BAD_OPERATOR = "bad_operator"
    BAD_NUMBER = "bad_number"
    BAD_DATE = "bad_date"
    NEEDS_QUOTES = "needs_quotes"
    NOT_CONSTANT = "not_constant"
    REVERSED = "reversed"
    NEEDS_LIST = "needs_list"
    NEEDS_IN = "needs_in"
    # types and units
    NEEDS_COMPARISON = "needs_comparison"
    IS_TRUE_OR_FALSE = "is_true_or_false"
    NEEDS_NUMBER = "needs_number"
    NEEDS_PERCENT = "needs_percent"
    NOT_PERCENT = "not_percent"
    NOT_DURATION = "not_duration"
    NEEDS_TEXT = "needs_text"
    NOT_TEXT = "not_text"
    NO_ORDER = "no_order"
    NO_LABEL = "no_label"
    # what a rule says beside its condition
    NO_SUCH_RULE = "no_such_rule"


LONGEST_SHOWN: Final = 80


class Severity(Enum):
    """Whether a condition with this problem can be used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a condition: its macro and arguments, its place, and what to write there instead."""

    code: Code
    span: Span
    params: Mapping[str, object] = field(default_factory=dict)
    repair: str | None = None
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        """Cut what was typed to a length at which it can be shown."""
        cut = {name: _cut(value) if isinstance(value, str) else value for name, value in self.params.items()}
        object.__setattr__(self, "params", MappingProxyType(cut))

    def repaired(self, source: str) -> str | None:
        """Give ``source`` with the repair put in place, or None where there is none to suggest."""
        if self.repair is None:
            return None
        return source[: self.span.start] + self.repair + source[self.span.end :]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"


class ConditionError(WarmlineError):
    """A text that is no condition: ``source``, normalised as spans count it, and what is wrong with it."""

    code: ClassVar[str] = "bad_condition"

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(source=source, problems=problems)
        self.source = source
        self.problems = problems
