"""``/lifecycle processes``: read what was typed, ask or change, lay the answer out."""

from handlers import processes
from handlers.rulebook import Request
from handlers.slack.asked import Asked
from handlers.slack.typed import (
    ExtraArgumentError,
    MissingArgumentError,
    UnknownCommandError,
    first_word,
    nearest,
    plain,
)
from templates import process_pages
from templates.blocks import Rendered
from templates.views import KindChange

COMMAND = "/lifecycle processes"
SUBCOMMANDS = ("list", "assign", "unassign", "alias", "unalias", "history", "help")
_MOVE = "move"
_USAGE = {
    "assign": f"{COMMAND} assign demo_booked sales",
    "unassign": f"{COMMAND} unassign demo_booked",
    "alias": f"{COMMAND} alias order_placed purchase",
    "unalias": f"{COMMAND} unalias order_placed",
    "history": f"{COMMAND} history order_placed",
}


def lifecycle_processes(asked: Asked, text: str) -> Rendered | None:
    """Answer ``/lifecycle processes``; bare, it lists them. None where the same request was answered before."""
    word, rest = first_word(plain(text))
    subcommand = word.casefold()
    match subcommand:
        case "" | "list":
            return process_pages.process_list(processes.listing(asked.ctx), asked.voice())
        case "help":
            return process_pages.processes_help(asked.voice())
        case "history":
            [kind] = _words("history", rest, 1)
            return process_pages.kind_history(*processes.history(asked.ctx, kind), asked.voice())
        case "assign" | "unassign" | "alias" | "unalias":
            changed = _change(asked, subcommand, rest)
            return None if changed is None else process_pages.kind_change(changed, asked.voice())
    raise UnknownCommandError(command=COMMAND, text=word[:40], nearest=nearest(word, SUBCOMMANDS))


def _change(asked: Asked, subcommand: str, text: str) -> KindChange | None:
    ctx, request = asked.ctx, Request(asked.actor(), asked.key)
    if subcommand == "assign":
        kind, more = first_word(text)
        process, tells = first_word(more)
        if not process:
            raise MissingArgumentError(usage=_USAGE["assign"])
        return processes.assign(ctx, request, kind=kind, process=process, tells=tells.strip('"“”'))
    if subcommand == "alias":
        words = text.split()
        move = len(words) == 3 and words[2].casefold().lstrip("-—–") == _MOVE
        source, kind = _words("alias", " ".join(words[:2] if move else words), 2)
        return processes.alias(ctx, request, source=source, kind=kind, move=move)
    [name] = _words(subcommand, text, 1)
    if subcommand == "unassign":
        return processes.unassign(ctx, request, kind=name)
    return processes.unalias(ctx, request, source=name)


def _words(subcommand: str, text: str, wanted: int) -> list[str]:
    words = text.split()
    if len(words) < wanted:
        raise MissingArgumentError(usage=_USAGE[subcommand])
    if len(words) > wanted:
        raise ExtraArgumentError(text=words[wanted][:40], usage=_USAGE[subcommand])
    return words
