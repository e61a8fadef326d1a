"""What people type in chat, made into plain text: before it is parsed, and only once.

Slack escapes three characters; phones bend quotes, lengthen dashes and harden spaces. What stands between quotes is
the customer's data and keeps its dashes and spaces.
"""

import re
from typing import Final

QUOTED: Final = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\''
"""A text between quotes, in which a backslash guards the next character."""

_ENTITIES: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY: Final = re.compile("|".join(_ENTITIES))
_QUOTES: Final = str.maketrans(dict.fromkeys("“”„‟«»＂", '"') | dict.fromkeys("‘’‚‛＇", "'"))
_OUTSIDE: Final = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣－", "-")
    | dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
    )
    | dict.fromkeys(
        "\u00ad\u200b\u200e\u200f\u2060\u2066\u2067\u2068\u2069\u202a\u202b\u202c\u202d\u202e\ufeff", ""
    )
    | {
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "（": "(",
        "）": ")",
        "，": ",",
        "％": "%",
        "＝": "=",
        "＜": "<",
        "＞": ">",
    }
)
_PIECE: Final = re.compile(rf"({QUOTED})", re.DOTALL)


def normalise(text: str, *, entities: bool = True) -> str:
    """Give ``text`` as it was meant: entities decoded once (unless told that there are none), typography undone.

    Also the backticks and space around a condition that was pasted as code go. Characters that no condition may
    hold (lone surrogates, NUL) are left for `parse` to refuse with their place.
    """
    if entities:
        text = _ENTITY.sub(lambda match: _ENTITIES[match[0]], text)
    pieces = _PIECE.split(text.translate(_QUOTES))
    plain = "".join(piece if index % 2 else piece.translate(_OUTSIDE) for index, piece in enumerate(pieces))
    return plain.strip("` \t\r\n")
