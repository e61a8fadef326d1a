"""Slack's mrkdwn and plain text as HTML that cannot do anything.

Everything that is text is escaped first; only markup made here is added. Rules:
docs.slack.dev/messaging/formatting-message-text. It must not know blocks.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from markupsafe import Markup

from playground.emoji import CHARACTERS, NAMES, PICTURES

_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ENTITY: Final = re.compile("&(?:amp|lt|gt);")
_KEPT: Final = re.compile("\ue000(\\d+)\ue001")
_PRIVATE: Final = re.compile("[\ue000\ue001]")
_PIECE: Final = re.compile(
    r"""
    ```\n?(?P<pre>.+?)\n?```
    | (?<![\w`])`(?P<code>[^`\n]+)`(?![\w`])
    | <(?P<control>[^<>\n]{1,3500})>
    | (?P<url>(?<![\w/@])https?://[^\s<>"'*~`]+[^\s<>"'*~`.,:;!?)_\]])
    """,
    re.DOTALL | re.VERBOSE,
)
"""What is drawn as a whole and not looked into: one pass, so that no piece lies within another."""
_EMOJI: Final = re.compile(r":([a-z0-9_+\-]{1,60}):")
_UNICODE: Final = re.compile("|".join(re.escape(c) for c in sorted(NAMES, key=len, reverse=True)))
_QUOTE: Final = re.compile(r"(?:^&gt;[^\n]*(?:\n|\Z))+", re.MULTILINE)
_LINK: Final = re.compile(r"(?:https?://|mailto:|tel:)\S+\Z", re.IGNORECASE)
_DATE_PARTS: Final = {
    "date_num": "%Y-%m-%d",
    "date": "%B %-d, %Y",
    "date_short": "%b %-d, %Y",
    "date_long": "%A, %B %-d, %Y",
    "date_pretty": "%B %-d, %Y",
    "date_short_pretty": "%b %-d, %Y",
    "date_long_pretty": "%A, %B %-d, %Y",
    "time": "%-I:%M %p",
    "time_secs": "%-I:%M:%S %p",
    "ago": "%b %-d, %Y",
}


def _style(mark: str) -> re.Pattern[str]:
    m = re.escape(mark)
    return re.compile(rf"(?<![\w{m}]){m}(?!\s)([^{m}\n]+?)(?<!\s){m}(?![\w{m}])")


_STYLES: Final = ((_style("*"), "strong"), (_style("_"), "em"), (_style("~"), "s"))


@dataclass(frozen=True, slots=True)
class Names:
    """How to write a user, a channel and a user group; each gives ``None`` for an unknown id."""

    user: Callable[[str], str | None]
    channel: Callable[[str], str | None]
    group: Callable[[str], str | None]
    me: str = ""


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda match: _ENTITIES[match[0]], text)


def _picture(name: str) -> str:
    character = CHARACTERS[name]
    if name in PICTURES:
        source = f"/static/emoji/{name.replace('+', '%2B')}.svg"
        return f'<img class="emoji" src="{source}" alt="{character}" title=":{name}:">'
    return f'<span class="emoji-text" title=":{name}:">{character}</span>'


def _with_emoji(escaped: str, *, names: bool = True) -> str:
    pictured = (
        _EMOJI.sub(lambda m: _picture(m[1]) if m[1] in CHARACTERS else m[0], escaped) if names else escaped
    )
    # Not inside the markup that was just made: its characters stand in attributes.
    parts = re.split(r"(<[^>]*>)", pictured)
    return "".join(
        part if part.startswith("<") else _UNICODE.sub(lambda m: _picture(NAMES[m[0]]), part)
        for part in parts
    )


def plain_to_html(text: str, *, emoji: bool = True) -> Markup:
    """Draw a ``plain_text`` text: as it stands, with line breaks and emoji; only with ``emoji`` are names such, too."""
    return Markup(_with_emoji(html.escape(text), names=emoji).replace("\n", "<br>"))  # noqa: S704  (escaped above)


def mrkdwn_to_html(text: str, names: Names) -> Markup:
    """Draw a ``mrkdwn`` text."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(_piece(match, names))
        return f"\ue000{len(kept) - 1}\ue001"

    text = _PIECE.sub(keep, _PRIVATE.sub("", text))
    escaped = html.escape(_unescaped(text))
    for pattern, tag in _STYLES:
        escaped = pattern.sub(rf"<{tag}>\1</{tag}>", escaped)
    escaped = _QUOTE.sub(_quote, _with_emoji(escaped))
    drawn = _KEPT.sub(lambda match: kept[int(match[1])], escaped.replace("\n", "<br>"))
    return Markup(drawn)  # noqa: S704  (escaped above)


def _piece(match: re.Match[str], names: Names) -> str:
    if match["control"]:
        return _control(match["control"], names)
    if match["url"]:
        return _anchor(_unescaped(match["url"]), _unescaped(match["url"]))
    code = re.sub(r"<([^<>\n]+)>", lambda m: m[1].split("|")[-1], match["pre"] or match["code"])
    code = html.escape(_unescaped(code))
    return f'<pre class="pre">{code}</pre>' if match["pre"] else f'<code class="code">{code}</code>'


def _quote(match: re.Match[str]) -> str:
    lines = [line.removeprefix("&gt;").removeprefix(" ") for line in match[0].rstrip("\n").split("\n")]
    return f'<blockquote class="quote">{"<br>".join(lines)}</blockquote>'


def _anchor(url: str, label: str) -> str:
    return f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">{html.escape(label)}</a>'


def _control(inner: str, names: Names) -> str:
    """Draw what stands between angle brackets; what is none of Slack's forms is shown as it was typed."""
    head, _, label = inner.partition("|")
    label = _unescaped(label)
    kind = head[:1]
    if kind == "@":
        name = names.user(head[1:]) or label.removeprefix("@")
        return _mention("@" + (name or head[1:]), me=head[1:] == names.me)
    if kind == "#":
        return _mention("#" + (names.channel(head[1:]) or label or head[1:]))
    if kind == "!":
        return _special(head[1:], label, names)
    url = _unescaped(head)
    if _LINK.match(url):
        return _anchor(url, label or url.removeprefix("mailto:").removeprefix("tel:"))
    return html.escape(f"<{_unescaped(inner)}>")


def _mention(text: str, *, me: bool = False) -> str:
    return f'<span class="mention{" mention-me" if me else ""}">{html.escape(text)}</span>'


def _special(name: str, label: str, names: Names) -> str:
    if name in ("here", "channel", "everyone"):
        return _mention(f"@{name}", me=True)
    kind, _, rest = name.partition("^")
    if kind == "subteam":
        return _mention("@" + (names.group(rest) or label.removeprefix("@") or rest))
    if kind == "date":
        return html.escape(_date(rest, label))
    return html.escape(label or f"<!{name}>")


def _date(rest: str, fallback: str) -> str:
    """Write ``<!date^seconds^format^link|fallback>`` in UTC; the fallback where it cannot be read."""
    seconds, _, form = rest.partition("^")
    try:
        moment = datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return fallback
    form = form.partition("^")[0]
    return re.sub(
        r"\{(\w+)\}", lambda m: moment.strftime(_DATE_PARTS[m[1]]) if m[1] in _DATE_PARTS else m[0], form
    )
