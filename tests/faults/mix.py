"""What goes wrong between the bot and Slack in the tests that kill and stop it: every kind of fault, half of all calls.

The shares are of all calls that a fault may strike; the workspace picks the first that strikes, so that each of them is
told as the chance that is left after those before it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from rules.alerts.retry import BAD_PAYLOAD, CLOSED_CHANNEL, DEAD_CHANNEL, DEAD_TOKEN, NO_CHANNEL, PASSING

Json = dict[str, Any]

OURS = frozenset({NO_CHANNEL, "unreachable", "unrendered"})
"""Reasons that Slack never gives: they are the bot's own."""
UNCLEAR = ("internal_error", "fatal_error", "service_unavailable", "request_timeout")
"""Errors after which Slack may have done what was asked."""
_SENDING = ("chat.postMessage", "chat.update")

# Seconds: longer than a call's patience, shorter than lease and settle time together.
_TOO_LONG = 1.4
# Taken by Slack when the message was looked for already and sent again: the second copy is to be found and deleted.
_LATE = 3.2

ANYWHERE: Sequence[tuple[float, Json]] = (
    (0.04, {"kind": "reset", "when": "before"}),
    (0.07, {"kind": "reset", "when": "after"}),
    (0.04, {"kind": "status", "status": 500, "when": "before"}),
    (0.04, {"kind": "status", "status": 500, "when": "after"}),
    (0.02, {"kind": "status", "status": 503, "when": "before"}),
    (0.05, {"kind": "truncate", "when": "after"}),
    (0.05, {"kind": "ratelimited", "retry_after": 0}),
    (0.02, {"kind": "ratelimited", "retry_after": None}),
    (0.01, {"kind": "slow", "when": "before", "seconds": _TOO_LONG}),
    (0.02, {"kind": "slow", "when": "before", "seconds": _LATE}),
    (0.02, {"kind": "slow", "when": "after", "seconds": _TOO_LONG}),
    *((0.01, {"kind": "error", "error": error, "when": "before"}) for error in UNCLEAR),
    *((0.01, {"kind": "error", "error": error, "when": "after"}) for error in UNCLEAR),
)
"""Faults of any call at all; together 46 of 100."""


def refusals() -> Iterator[tuple[float, Json]]:
    """Give each error that the bot knows a remedy for, of posts and edits; together some 4 of 100."""
    listed = sorted((DEAD_CHANNEL | CLOSED_CHANNEL | DEAD_TOKEN | PASSING) - OURS)
    for error in listed:
        for method in _SENDING:
            yield 0.0035, {"kind": "error", "error": error, "method": method}
    for error in sorted(BAD_PAYLOAD):
        # Words alone are never refused for their layout.
        yield 0.0035, {"kind": "error", "error": error, "method": "chat.postMessage", "argument": "blocks"}


def mixed(shares: Sequence[tuple[float, Json]], *, overall: float = 0.5) -> list[Json]:
    """Give the faults as the workspace takes them, so that ``overall`` of all posts and edits meet one."""
    met = {method: sum(p for p, one in shares if one.get("method", method) == method) for method in _SENDING}
    scale = overall / max(met.values())
    left, faults = dict.fromkeys(_SENDING, 1.0), []
    for share, fault in shares:
        methods = [fault["method"]] if "method" in fault else list(_SENDING)
        chance = share * scale / max(left[method] for method in methods)
        for method in methods:
            left[method] -= share * scale
        faults.append({**fault, "probability": chance})
    return faults


HALF = mixed([*ANYWHERE, *refusals()])
"""Half of all calls go wrong, in all ways that are known."""
