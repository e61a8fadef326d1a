"""What Slack refuses in a message beyond what slack_sdk's models check, and how long our own pieces may be.

Limits are those of Slack's reference (docs.slack.dev/reference/block-kit). A message that breaks one is our mistake:
values from outside are cut to the lengths below before they are escaped, so that the worst of them fits.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

Block = dict[str, Any]

MOST_BLOCKS: Final = 50
MOST_TEXT: Final = 12_000
"""Characters of all the texts in a message's blocks, together."""
MOST_FALLBACK: Final = 3_500
"""Characters of ``text``; `chat.update` takes no more than 4,000."""
SECTION: Final = 3_000
FIELD: Final = 2_000
HEADER: Final = 150
CONTEXT_ELEMENTS: Final = 10
FIELDS: Final = 10
BUTTON_VALUE: Final = 2_000
OPTION_VALUE: Final = 150
LABEL: Final = 75
URL: Final = 3_000

NAME: Final = 80
"""How much of a customer's name is shown; escaped, five times as long at worst."""
LISTED_NAME: Final = 40
"""How much of it where many are listed."""
ACTION: Final = 500
"""How much of a suggested action."""
CONDITION: Final = 450
"""How much of a condition; the whole is shown by ``/rules show``."""
ROW_CONDITION: Final = 250
"""How much of a condition where many are listed."""
ROW_WORDS: Final = 120
"""How much of the same in words, or of a reason, there."""
NOTE: Final = 200
"""How much of a reason that somebody gave."""
VALUE: Final = 80
"""How much of one value of the evidence."""

CHART_TITLE: Final = 50
CHART_LABEL: Final = 20
CHART_CATEGORIES: Final = 20
CHART_SERIES: Final = 12

_TEXT_LIMITS: Final = {"header": HEADER, "section": SECTION, "context": SECTION}


class LayoutError(Exception):
    """A message that Slack would refuse: ``problems`` say where and why; its ``text`` alone may still be sent."""

    def __init__(self, problems: Sequence[str], text: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
        self.text = text


def problems(text: str, blocks: Sequence[Block]) -> list[str]:
    """Say what Slack would refuse in a message; nothing where it would take it."""
    found = list(_whole(text, blocks))
    for index, block in enumerate(blocks):
        found += [f"block {index} ({block.get('type')}): {problem}" for problem in _block(block)]
    return found


def _whole(text: str, blocks: Sequence[Block]) -> Iterator[str]:
    if not text.strip():
        yield "no text"
    if len(text) > MOST_FALLBACK:
        yield f"text of {len(text)} characters"
    if len(blocks) > MOST_BLOCKS:
        yield f"{len(blocks)} blocks"
    total = sum(len(piece) for piece in _texts(list(blocks)))
    if total > MOST_TEXT:
        yield f"{total} characters in blocks"
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "a block_id twice"


def _block(block: Block) -> Iterator[str]:
    limit = _TEXT_LIMITS.get(str(block.get("type")), SECTION)
    for place in ("text", "elements"):
        pieces = block.get(place) or []
        for piece in pieces if isinstance(pieces, list) else [pieces]:
            yield from _text(piece, limit)
    for field in block.get("fields", []):
        yield from _text(field, FIELD)
    if len(block.get("fields", [])) > FIELDS:
        yield "too many fields"
    elements = block.get("elements", [])
    if block.get("type") == "context" and not 1 <= len(elements) <= CONTEXT_ELEMENTS:
        yield f"{len(elements)} elements"
    if block.get("type") == "actions":
        if not 1 <= len(elements) <= 25:
            yield f"{len(elements)} elements"
        actions = [element.get("action_id") for element in elements]
        if len(actions) != len(set(actions)):
            yield "an action_id twice"
    if block.get("type") == "data_visualization":
        yield from _chart(block)
    for element in [*elements, *([block["accessory"]] if "accessory" in block else [])]:
        yield from _element(element)


def _chart(block: Block) -> Iterator[str]:
    """Look at a chart of bars; slack_sdk has no model of it."""
    axis, series = block["chart"]["axis_config"], block["chart"]["series"]
    categories = axis["categories"]
    if not 1 <= len(categories) <= CHART_CATEGORIES:
        yield f"{len(categories)} categories"
    if not 1 <= len(series) <= CHART_SERIES:
        yield f"{len(series)} series"
    titles = [block["title"], axis.get("x_label", "-"), axis.get("y_label", "-")]
    names = [*categories, *(one["name"] for one in series)]
    for text, most in [(one, CHART_TITLE) for one in titles] + [(one, CHART_LABEL) for one in names]:
        if not 1 <= len(text) <= most:
            yield f"a text of {len(text)} characters"
    if any([point["label"] for point in one["data"]] != categories for one in series):
        yield "labels other than the categories"


def _text(piece: Block, limit: int) -> Iterator[str]:
    if piece.get("type") not in ("plain_text", "mrkdwn"):
        return
    if not piece["text"]:
        yield "an empty text"
    if len(piece["text"]) > limit:
        yield f"a text of {len(piece['text'])} characters"


def _element(element: Block) -> Iterator[str]:
    if len(element.get("value") or "") > BUTTON_VALUE:
        yield "a value too long"
    if len(element.get("url") or "") > URL:
        yield "a url too long"
    label = element.get("text")
    if isinstance(label, dict):
        yield from _text(label, LABEL)
    options = element.get("options")
    if options is not None and not 1 <= len(options) <= 100:
        yield f"{len(options)} options"
    for option in options or []:
        yield from _text(option["text"], LABEL)
        if not 1 <= len(option["value"]) <= OPTION_VALUE:
            yield "an option's value too long"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for item in value.values():
            if isinstance(item, (dict, list)):
                yield from _texts(item)
