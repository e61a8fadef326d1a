"""What each slash command can do, said on ``help`` and beside whatever was not understood."""

from collections.abc import Sequence

from rules.book import BookRule
from templates import blocks
from templates.blocks import Rendered
from templates.voice import Voice, spoken
from templates.words import Mrkdwn, escape


def command_help(command: str, voice: Voice, *, wrong: Mrkdwn | None = None) -> Rendered:
    """Say what ``/customer``, ``/alerts`` or ``/rules`` can do; ``wrong`` is what was not understood."""
    page = command.removeprefix("/")
    heading = voice.say("help", f"{page}_title")
    text = Mrkdwn(f"{wrong}\n{heading}") if wrong else heading
    layout = [blocks.section(text), *blocks.paragraphs(_lines(voice.say("help", f"{page}_lines")))]
    return blocks.rendered(text, layout)


def rules_help(available: Sequence[BookRule], voice: Voice) -> Rendered:
    """Say what ``/rules`` can do, and list the rules that ship and are not in use."""
    message = command_help("/rules", voice)
    if not available:
        return message
    told = [
        {"name": rule.name, "about": rule.about, "suits": ", ".join(spoken(one.label) for one in rule.suits)}
        for rule in available
    ]
    shipped = blocks.paragraphs(_lines(voice.say("help", "rules_shipped", rules=told)), most=8_000)
    return Rendered(message.text, [*message.blocks, *(block.to_dict() for block in shipped)])


def _lines(text: Mrkdwn) -> list[Mrkdwn]:
    return [escape(Mrkdwn(line)) for line in text.splitlines() if line.strip()]
