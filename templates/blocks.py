"""The few shapes that our messages are made of, on slack_sdk's models; and a message made of them.

It must not know what any message says.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    ConversationFilter,
    ConversationSelectElement,
    DividerBlock,
    HeaderBlock,
    InteractiveElement,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
)

from templates import limits
from templates.limits import LayoutError
from templates.words import Mrkdwn, cut


@dataclass(frozen=True)
class Rendered:
    """A message as Slack takes it: ``text`` says the whole in a sentence (mrkdwn), ``blocks`` lay it out."""

    text: str
    blocks: list[limits.Block] = field(default_factory=list)
    elsewhere: list[limits.Block] = field(default_factory=list)
    """The same with a chart of characters instead of Slack's own, for where Slack does not take that; empty: as it is."""

    @cached_property
    def content(self) -> str:
        """A hash that changes with anything that is shown."""
        shown = json.dumps([self.text, self.blocks], sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(shown.encode()).hexdigest()


class Bars(Block):
    """Slack's own chart, of bars, which slack_sdk has no model of; ``instead`` is a block that says the same in text.

    ``more`` are further series, by name, of as many values.
    """

    type = "data_visualization"

    def __init__(
        self,
        *,
        title: str,
        name: str,
        bars: Sequence[tuple[str, int]],
        instead: Block,
        more: Sequence[tuple[str, Sequence[int]]] = (),
    ) -> None:
        super().__init__(type=self.type)
        self.instead = instead
        self._title = title
        labels = [label for label, _ in bars]
        self._chart = {
            "type": "bar",
            "series": [
                {
                    "name": called,
                    "data": [{"label": label, "value": n} for label, n in zip(labels, values, strict=True)],
                }
                for called, values in [(name, [n for _, n in bars]), *more]
            ],
            "axis_config": {"categories": labels},
        }

    def to_dict(self) -> limits.Block:
        """Give the block as Slack takes it."""
        return {"type": self.type, "title": self._title, "chart": self._chart}


def rendered(text: Mrkdwn, blocks: Sequence[Block] = ()) -> Rendered:
    """Make a message, checked. Raises `LayoutError` for one that Slack would refuse."""
    shown = cut(text, limits.MOST_FALLBACK)
    plainer = [block.instead if isinstance(block, Bars) else block for block in blocks]
    try:
        message = Rendered(
            shown,
            [block.to_dict() for block in blocks],
            [block.to_dict() for block in plainer] if plainer != list(blocks) else [],
        )
    except SlackObjectFormationError as error:
        raise LayoutError([str(error)], shown) from error
    for layout in [message.blocks, *([message.elsewhere] if message.elsewhere else [])]:
        if problems := limits.problems(message.text, layout):
            raise LayoutError(problems, message.text)
    return message


def header(text: str) -> HeaderBlock:
    """Give a headline; nothing in it is interpreted, so customers' names may stand here."""
    return HeaderBlock(text=plain(cut(text, limits.HEADER)))


def plain(text: str) -> PlainTextObject:
    """Give text that is shown as it stands."""
    return PlainTextObject(text=text, emoji=False)


def mrkdwn(text: Mrkdwn) -> MarkdownTextObject:
    """Give text in Slack's markup; links in it are not unfurled and channel names not guessed."""
    return MarkdownTextObject(text=text, verbatim=True)


def section(
    text: Mrkdwn, *, accessory: InteractiveElement | None = None, block_id: str | None = None
) -> Block:
    """Give a paragraph, with a button or a menu at its side."""
    return SectionBlock(text=mrkdwn(text), accessory=accessory, block_id=block_id)


def paragraphs(lines: Sequence[Mrkdwn], *, most: int = limits.SECTION, gap: str = "\n") -> list[Block]:
    """Give lines, with ``gap`` between, in as many paragraphs as they need.

    Beyond ``most`` characters in all, an ellipsis stands for the rest.
    """
    pieces: list[list[str]] = [[]]
    room, left = limits.SECTION, most
    for line in lines:
        if len(line) + len(gap) + 2 > left:
            pieces[-1].append("…")
            break
        if len(line) + len(gap) + 2 > room:
            pieces.append([])
            room = limits.SECTION
        pieces[-1].append(line)
        room, left = room - len(line) - len(gap), left - len(line) - len(gap)
    return [section(Mrkdwn(gap.join(piece))) for piece in pieces if piece]


def divider() -> Block:
    """Give a line between two things."""
    return DividerBlock()


def fields(texts: Sequence[Mrkdwn]) -> Block:
    """Give short texts in two columns; no more than ten are shown."""
    return SectionBlock(fields=[mrkdwn(text) for text in texts[: limits.FIELDS]])


def columns(texts: Sequence[Mrkdwn]) -> list[Block]:
    """Give any number of short texts in two columns: as many sections as they take."""
    starts = range(0, len(texts), limits.FIELDS)
    return [fields(texts[start : start + limits.FIELDS]) for start in starts]


def context(*texts: Mrkdwn) -> Block:
    """Give small print."""
    return ContextBlock(elements=[mrkdwn(text) for text in texts if text])


def actions(elements: Sequence[InteractiveElement], *, block_id: str | None = None) -> Block:
    """Give a row of buttons and menus; Slack keeps what was chosen in a menu as long as ``block_id`` stays."""
    return ActionsBlock(elements=list(elements), block_id=block_id)


def button(
    label: str, *, action: str, value: str | None = None, style: str | None = None, url: str | None = None
) -> ButtonElement:
    """Give a button; ``style`` is ``primary`` or ``danger``."""
    return ButtonElement(
        text=plain(cut(label, limits.LABEL)), action_id=action, value=value, style=style, url=url
    )


def menu(label: str, *, action: str, options: Sequence[tuple[str, str]]) -> StaticSelectElement:
    """Give a menu that reads ``label`` until something is chosen; ``options`` are (text, value)."""
    return StaticSelectElement(
        placeholder=plain(label),
        action_id=action,
        options=[Option(text=plain(cut(text, limits.LABEL)), value=value) for text, value in options],
    )


def channel_menu(label: str, *, action: str) -> ConversationSelectElement:
    """Give a menu of the channels that its reader knows, public and private; what is chosen comes as its id."""
    return ConversationSelectElement(
        placeholder=plain(cut(label, limits.LABEL)),
        action_id=action,
        filter=ConversationFilter(include=["public", "private"], exclude_external_shared_channels=True),
    )


def overflow(*, action: str, options: Sequence[tuple[str, str]]) -> OverflowMenuElement:
    """Give a menu behind three dots; ``options`` are (text, value), at most five."""
    return OverflowMenuElement(
        action_id=action,
        options=[Option(text=plain(cut(text, limits.LABEL)), value=value) for text, value in options],
    )
