"""Processes in messages: the catalogue, what a change did, who changed what.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from templates import blocks
from templates.blocks import Rendered
from templates.people import mention
from templates.views import AuditView, KeyEventView, KindChange, ProcessesView, ProcessView
from templates.voice import Voice, title
from templates.words import Mrkdwn, code, cut

_MOST_CHANGES = 8
_MOST_KINDS = 40
_DIFF = 500


def process_list(view: ProcessesView, voice: Voice) -> Rendered:
    """List the processes with their key events, then what belongs to none, then aliases."""
    text = voice.say("processes", "list_title", n=len(view.processes), unassigned=len(view.unassigned))
    layout: list[Block] = [blocks.section(text)]
    # What is to be done stands first: the catalogue itself is long.
    if view.unassigned:
        kinds = [_kind(one, voice) for one in view.unassigned[:_MOST_KINDS]]
        layout.append(blocks.section(voice.say("processes", "unassigned", kinds=kinds)))
    layout += blocks.paragraphs([_process(one, voice) for one in view.processes], most=9_000, gap="\n\n")
    if view.aliases:
        pairs = [
            {"source": source, "kind": kind, "moving": source in view.moving}
            for source, kind in view.aliases[:_MOST_KINDS]
        ]
        layout.append(blocks.section(voice.say("processes", "aliases", pairs=pairs)))
    return blocks.rendered(text, layout)


def kind_change(view: KindChange, voice: Voice) -> Rendered:
    """Say what was done with a kind, and what follows from it."""
    where = {"process": title(view.process)} if view.process else {"meaning": view.meaning}
    text = voice.say("processes", f"did_{view.did}", kind=view.kind, **where)
    more = []
    if view.rules:
        more.append(voice.say("processes", "edited", rules=[code(name) for name in view.rules[:_MOST_KINDS]]))
    if view.moving:
        shown = voice.figures.number(view.moving)
        more.append(voice.say("processes", "moving", n=view.moving, events=shown))
    if not view.seen:
        more.append(voice.say("processes", "unseen", kind=view.kind))
    return blocks.rendered(text, [blocks.section(text), *map(blocks.section, more)])


def kind_history(kind: str, changes: Sequence[AuditView], voice: Voice) -> Rendered:
    """List what was changed of a kind."""
    if not changes:
        text = voice.say("processes", "history_none", kind=kind)
        return blocks.rendered(text, [blocks.section(text)])
    text = voice.say("processes", "history_title", kind=kind)
    rows = [
        voice.say(
            "processes",
            "history_row",
            author=mention(one.actor),
            when=voice.figures.slack_time(one.at),
            diff=cut(one.diff, _DIFF),
        )
        for one in changes[:_MOST_CHANGES]
    ]
    return blocks.rendered(text, [blocks.section(text), *blocks.paragraphs(rows, most=9_000)])


def processes_help(voice: Voice) -> Rendered:
    """Say what can be asked and changed of processes."""
    heading = voice.say("processes", "help_title")
    lines = [Mrkdwn(line) for line in voice.say("processes", "help_lines").splitlines() if line.strip()]
    return blocks.rendered(heading, [blocks.section(heading), *blocks.paragraphs(lines)])


def _process(view: ProcessView, voice: Voice) -> Mrkdwn:
    head = voice.say(
        "processes",
        "process",
        title=title(view.process.name),
        about=view.process.about,
        relationship=voice.say("processes", f"relationship_{view.process.relationship}"),
        contact=voice.say("processes", f"contact_{view.process.contact}"),
    )
    rows = [voice.say("processes", "event", **_kind(one, voice)) for one in view.events[:_MOST_KINDS]]
    return Mrkdwn("\n".join([head, *(rows or [voice.say("processes", "no_events")])]))


def _kind(view: KeyEventView, voice: Voice) -> dict[str, object]:
    return {"kind": view.kind, "tells": view.tells, "stored": voice.figures.number(view.stored)}
