"""``/rules``: read what was typed, ask or change, lay the answer out."""

from typing import ClassVar, Literal

from handlers import drafts, rulebook
from handlers.drafts import Proposed
from handlers.preview import MOST_IN_CHAT, preview, subject
from handlers.rulebook import NoRuleError, Request, Wish
from handlers.slack.asked import Asked
from handlers.slack.chosen import perhaps_not_chosen
from handlers.slack.typed import (
    MissingArgumentError,
    Typed,
    UnknownCommandError,
    UsageError,
    first_word,
    nearest,
    read,
    unlinked,
)
from rules.alerts.typed import OPTIONS, Options
from rules.preview.steps import USUAL_EVERY, Stretch
from templates import rule_pages
from templates.blocks import Rendered
from templates.help import rules_help
from templates.preview import draft_message, preview_message
from templates.views import ChangeView

COMMAND = "/rules"
SUBCOMMANDS = (
    "list",
    "show",
    "add",
    "edit",
    "pause",
    "resume",
    "remove",
    "check",
    "preview",
    "history",
    "help",
)
_STRETCH = ("from", "to", "every")
_USAGE = {
    "show": f"{COMMAND} show lapsing",
    "history": f"{COMMAND} history lapsing",
    "pause": f"{COMMAND} pause lapsing",
    "resume": f"{COMMAND} resume lapsing",
    "remove": f"{COMMAND} remove lapsing",
    "add": f"{COMMAND} add quiet silent(purchase, 30d) --channel #customer-care",
    "edit": f"{COMMAND} edit quiet silent(purchase, 45d) --severity high",
    "check": f"{COMMAND} check silent(purchase, 30d)",
    "preview": f"{COMMAND} preview lapsing --from 2026-07-01 --to 2026-10-01",
}


class NothingSaidError(UsageError):
    """An edit of the rule ``name`` that says nothing; ``usage`` shows how it goes."""

    code: ClassVar[str] = "nothing_said"


def rules(asked: Asked, text: str) -> Rendered | None:
    """Answer ``/rules``; bare, it lists them. None where the same request was delivered, and answered, before."""
    word, rest = first_word(text.replace("\n", " ").strip())
    subcommand = word.casefold()
    match subcommand:
        case "" | "list":
            return _list(asked)
        case "help":
            return rules_help(rulebook.available(asked.ctx), asked.voice())
        case "check":
            return _check(asked, rest)
        case "preview":
            return _preview(asked, rest)
        case "add" | "edit":
            return _write(asked, subcommand, rest)
        case "show" | "history" | "pause" | "resume" | "remove":
            return _named(asked, subcommand, rest)
    raise UnknownCommandError(command=COMMAND, text=word[:40], nearest=nearest(word, SUBCOMMANDS))


def _list(asked: Asked) -> Rendered:
    cards = rulebook.listing(asked.ctx)
    return rule_pages.rule_list(cards, rulebook.available(asked.ctx), asked.voice())


def _check(asked: Asked, text: str) -> Rendered:
    if not text:
        raise MissingArgumentError(usage=_USAGE["check"])
    return rule_pages.rule_check(rulebook.check(asked.ctx, unlinked(text), entities=True), asked.voice())


def _preview(asked: Asked, text: str) -> Rendered:
    typed = read(text, _STRETCH)
    if not typed.rest:
        raise MissingArgumentError(usage=_USAGE["preview"])
    ctx, said = asked.ctx, typed.options
    begin, end = (ctx.calendar.parse(said[name]) if name in said else None for name in ("from", "to"))
    stretch = Stretch.of(since=begin, until=end, every=said.get("every", USUAL_EVERY), now=ctx.now())
    name, more = _split(typed)
    # A name may stand between quotes; a condition is everything.
    of = subject(ctx, typed.rest if more else name)
    return preview_message(preview(ctx, of, stretch, most=MOST_IN_CHAT), asked.voice())


def _write(asked: Asked, subcommand: str, text: str) -> Rendered | None:
    typed = read(text, OPTIONS, to_the_end=("action", "escalate"))
    name, condition = _split(typed)
    if not name:
        raise MissingArgumentError(usage=_USAGE[subcommand])
    if subcommand == "edit" and not condition and not typed.options:
        raise NothingSaidError(name=name[:80], usage=_USAGE["edit"])
    did: Literal["add", "edit"] = "add" if subcommand == "add" else "edit"
    wish = Wish(did, name, condition, Options.said(typed.options))
    try:
        return _told(asked, drafts.propose(asked.ctx, Request(asked.actor(), asked.key), wish))
    except NoRuleError as error:
        raise perhaps_not_chosen(asked, error) from error


def _named(asked: Asked, subcommand: str, text: str) -> Rendered | None:
    typed = read(text, ())
    # Nothing but a name stands here, so all the words are the name, as messages write it: Big spender silent.
    name = " ".join(part for part in _split(typed) if part)
    if not name:
        raise MissingArgumentError(usage=_USAGE[subcommand])
    try:
        return _of_rule(asked, subcommand, name)
    except NoRuleError as error:
        raise perhaps_not_chosen(asked, error) from error


def _of_rule(asked: Asked, subcommand: str, name: str) -> Rendered | None:
    if subcommand == "show":
        return rule_pages.rule_card(rulebook.show(asked.ctx, name), asked.voice())
    if subcommand == "history":
        return rule_pages.rule_history(*rulebook.history(asked.ctx, name), asked.voice())
    change = {"pause": rulebook.pause, "resume": rulebook.resume, "remove": rulebook.remove}[subcommand]
    return _told(asked, change(asked.ctx, Request(asked.actor(), asked.key), name))


def _split(typed: Typed) -> tuple[str, str]:
    """Give the name, which may stand between quotes, and what follows it."""
    if typed.rest[:1] in ('"', "'") and (end := typed.rest.find(typed.rest[0], 1)) > 0:
        return typed.rest[1:end], typed.rest[end + 1 :].strip()
    return first_word(typed.rest)


def _told(asked: Asked, done: ChangeView | Proposed | None) -> Rendered | None:
    voice = asked.voice()
    match done:
        case None:
            return None
        case ChangeView():
            return rule_pages.rule_change(done, voice)
    return draft_message(
        done.name,
        done.condition,
        number=done.number,
        edits=done.diff if done.edits else None,
        warnings=done.warnings,
        preview=done.preview,
        blind=voice.words.error(done.blind) if done.blind else None,
        voice=voice,
    )
