"""The life cycle in messages: its definitions, what a change would do or did, and the history of one definition.

It must not know where any of it came from.
"""

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from templates import blocks, limits
from templates.blocks import Rendered
from templates.codec import Press, action_id, encode
from templates.people import mention
from templates.views import (
    DefinitionView,
    LifecycleChange,
    LifecyclePreview,
    LifecycleView,
    MoveView,
    VersionView,
)
from templates.voice import Voice, spoken
from templates.warned import warned
from templates.words import Mrkdwn, code, cut

_CONDITION = 250
"""How much of a condition is shown in the list; the whole is in the history."""
_PIECE, _DIFF = limits.SECTION - 100, 6_000
"""Characters of one block of a difference, and of all of it, escaped."""
_MOST_MOVES = 25
_MOST_NAMES = 20
_MOST_VERSIONS = 8
_VERSION = 500
"""How much of a version's difference; escaped, five times as long at worst."""


def shown(view: LifecycleView, voice: Voice) -> Rendered:
    """List the definitions in use, family by family, and the presets."""
    if not view.version:
        text = voice.say("lifecycle", "show_none")
        return blocks.rendered(text, [blocks.section(text), *_presets(view, voice)])
    text = voice.say("lifecycle", "show_title", preset=code(view.preset))
    version = voice.say(
        "lifecycle",
        "show_version",
        version=str(view.version),
        did=voice.plain("lifecycle", f"did_{view.did}"),
        author=mention(view.author),
        when=voice.figures.slack_time(view.at),
    )
    layout: list[Block] = [blocks.section(text)]
    rows = [_row(one, voice) for one in view.definitions]
    layout += blocks.paragraphs(rows, most=8_000)
    layout.append(blocks.context(version, voice.say("lifecycle", "first_match")))
    return blocks.rendered(text, [*layout, *_presets(view, voice)])


def history(name: str, versions: Sequence[VersionView], voice: Voice) -> Rendered:
    """List what a definition said from one change to the next."""
    text = voice.say("lifecycle", "history_title", name=name)
    rows = [
        voice.say(
            "rules",
            "history_row",
            version=str(one.version),
            author=mention(one.author),
            when=voice.figures.slack_time(one.at),
            diff=code(cut(one.diff, _VERSION)),
        )
        for one in versions[:_MOST_VERSIONS]
    ]
    return blocks.rendered(text, [blocks.section(text), *blocks.paragraphs(rows, most=9_000)])


def previewed(
    view: LifecyclePreview, extreme: str | None, voice: Voice, *, number: int | None = None
) -> Rendered:
    """Say what a change would do; with ``number``, of the draft that waits, there are buttons to save it or not.

    ``extreme`` is ``nobody`` or ``everybody``, where the definition would hold for them.
    """
    intro = voice.say("lifecycle", f"preview_{view.did}", **_named(view.did, view.name))
    waiting = voice.say("lifecycle", "not_saved")
    text = Mrkdwn(f"{intro} {waiting}") if number is not None else intro
    layout: list[Block] = [blocks.section(text), *_difference(view.diff, voice)]
    layout += warned(view.warnings, voice)
    if extreme is not None:
        said = voice.say("lifecycle", extreme, name=view.name, n=view.known or 0)
        layout.append(blocks.section(voice.say("rules", "warning", said=said)))
    if view.overwritten:
        names = [code(name) for name in view.overwritten[:_MOST_NAMES]]
        layout.append(blocks.section(voice.say("lifecycle", "overwritten", names=names)))
    # By how health is worked out nobody moves.
    layout += [] if view.did == "health" else _moves(view, voice)
    layout += _rules("rules_touched", view.rules, voice)
    if number is not None:
        layout.append(_buttons(number, voice))
    return blocks.rendered(text, layout)


def changed(view: LifecycleChange, voice: Voice) -> Rendered:
    """Say what a change did."""
    text = voice.say("lifecycle", f"changed_{view.did}", **_named(view.did, view.name))
    layout = [blocks.section(text), *_difference(view.diff, voice), *warned(view.warnings, voice)]
    layout += _rules("rules_changed", view.rules, voice)
    return blocks.rendered(text, layout)


def cancelled(voice: Voice) -> Rendered:
    """Say that a draft is gone."""
    text = voice.say("lifecycle", "cancelled")
    return blocks.rendered(text, [blocks.section(text)])


def _named(did: str, name: str) -> dict[str, str]:
    return {} if did == "undo" else {"name": name}


def _row(one: DefinitionView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "lifecycle",
        "row",
        name=code(one.name),
        condition=code(cut(one.condition, _CONDITION)),
        holds="" if one.holds is None else _people(one.holds, voice),
        edited=one.edited,
    )


def _people(n: int, voice: Voice) -> Mrkdwn:
    return voice.say("lifecycle", "people", n=n, shown=voice.figures.number(n))


def _presets(view: LifecycleView, voice: Voice) -> list[Block]:
    lines = [voice.say("lifecycle", "presets_title")]
    lines += [voice.say("lifecycle", "preset", name=code(name), about=about) for name, about in view.presets]
    return blocks.paragraphs(lines)


def _difference(diff: str, voice: Voice) -> list[Block]:
    """Give a difference in blocks of code, each as long as Slack takes one; an ellipsis stands for the rest."""
    pieces: list[list[str]] = [[]]
    room, left = _PIECE, _DIFF
    for line in (code(cut(line, _CONDITION)) for line in diff.splitlines()):
        if len(line) > left:
            pieces[-1].append("…")
            break
        if len(line) > room:
            pieces.append([])
            room = _PIECE
        pieces[-1].append(line)
        room, left = room - len(line) - 1, left - len(line) - 1
    return [
        blocks.section(voice.say("rules", "difference", diff=Mrkdwn("\n".join(piece))))
        for piece in pieces
        if piece
    ]


def _moves(view: LifecyclePreview, voice: Voice) -> list[Block]:
    if view.known is None:
        return [blocks.section(voice.say("lifecycle", "not_counted"))]
    counted = {"n": view.known, "shown": voice.figures.number(view.known)}
    if not view.moves:
        return [blocks.section(voice.say("lifecycle", "nobody_moves", **counted))]
    lines = [voice.say("lifecycle", "moves_title", **counted)]
    lines += [_move(one, voice) for one in view.moves[:_MOST_MOVES]]
    if len(view.moves) > _MOST_MOVES:
        lines.append(Mrkdwn("…"))
    return blocks.paragraphs(lines)


def _move(one: MoveView, voice: Voice) -> Mrkdwn:
    return voice.say(
        "lifecycle",
        "move",
        people=_people(one.customers, voice),
        family=spoken(one.family),
        before=spoken(one.before) if one.before else "",
        after=spoken(one.after) if one.after else "",
    )


def _rules(name: str, rules: Sequence[str], voice: Voice) -> list[Block]:
    if not rules:
        return []
    names: list[Mrkdwn | str] = [code(rule) for rule in rules[:_MOST_NAMES]]
    names += ["…"] if len(rules) > _MOST_NAMES else []
    return [blocks.section(voice.say("lifecycle", name, rules=names))]


def _buttons(number: int, voice: Voice) -> Block:
    return blocks.actions(
        [
            blocks.button(
                voice.plain("preview", f"button_{label}"),
                action=action_id(press),
                value=encode(press, number),
                style=style,
            )
            for press, label, style in (
                (Press.ADOPT, "save", "primary"),
                (Press.DISCARD, "cancel", None),
            )
        ]
    )
