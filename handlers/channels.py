"""What channels say of themselves, as everybody sees and managers change it; and what ids and names they go by.

It must not know Slack's requests, nor how an answer is laid out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from handlers import rule_changes
from handlers.context import Context
from handlers.rulebook import Request
from rules.access import Action, Channels
from rules.alerts.channel import ChannelSettings
from rules.alerts.channel_typed import difference, with_setting
from rules.alerts.hours import next_awake, quiet_at
from rules.alerts.pipeline.stage import Stage
from rules.errors import WarmlineError
from rules.instants import Calendar
from storage import alerts, attention, audit, channels
from storage.audit import Entry
from storage.channels import Channel
from storage.database import Transaction
from templates.views import ChannelChange, ChannelView
from templates.words import languages

NOWHERE: Final = "*"
"""Stands for a channel where neither the rule nor the settings name one: what is told there waits for one."""
_CHANNELS: Final = Channels()


class SameSettingError(WarmlineError):
    """The ``setting`` of the channel is ``value`` already."""

    code: ClassVar[str] = "same_setting"


@dataclass(frozen=True, slots=True)
class Said:
    """What channels say, by the names they were asked for: their place, and their settings."""

    places: Mapping[str, str]
    settings: Mapping[str, ChannelSettings]


def said_of(tx: Transaction, names: Iterable[str]) -> Said:
    """Load the settings of channels, however they are named."""
    places = channels.places(tx, names)
    found = channels.of(tx, places.values())
    usual = ChannelSettings()
    return Said(
        places,
        {name: found[place].settings if place in found else usual for name, place in places.items()},
    )


def settings_of(tx: Transaction, ctx: Context, channel: str) -> ChannelSettings:
    """Load the settings of one channel; of the default one where none is named."""
    name = channel or ctx.default_channel or NOWHERE
    return said_of(tx, [name]).settings[name]


def quiet_until(tx: Transaction, ctx: Context, channel: str, now: int) -> int | None:
    """Say until when a channel is not to be disturbed at ``now``; None where it may be."""
    settings = settings_of(tx, ctx, channel)
    calendar = Calendar.of(settings.zone) if settings.zone else ctx.calendar
    return next_awake(settings, calendar, now) if quiet_at(settings, calendar, now) is not None else None


def named(channel: str) -> str:
    """Give a channel as messages name it."""
    return "" if channel == NOWHERE else channel


def show(ctx: Context, channel: str) -> ChannelView:
    """Give a channel as it stands, and what it was told today."""
    with ctx.database.reading() as tx:
        return _view(tx, ctx, _channel(tx, channel))


def change(ctx: Context, request: Request, channel: str, setting: str, value: str) -> ChannelChange | None:
    """Change one setting of a channel; None where the request was delivered before.

    Raises `NotAllowedError`, `SameSettingError`, `storage.retry.DatabaseBusyError` and what
    `rules.alerts.channel_typed.with_setting` does; nothing is changed then.
    """
    name = setting.casefold()

    def work(tx: Transaction) -> ChannelChange:
        found = _channel(tx, channel, lock=True)
        after = with_setting(found.settings, setting, value, languages=languages())
        diff = difference(found.settings, after)
        if not diff:
            raise SameSettingError(setting=name, value=value[:40])
        channels.store(tx, found, after, author=request.actor.id, now=ctx.now())
        # What went by the settings before is asked again at the next tick.
        alerts.look_again(tx, [Stage.QUIET, Stage.BUDGET], now=ctx.now())
        entry = Entry(ctx.now(), request.actor.id, "channel.set", f"channel:{found.place}", diff)
        audit.note(tx, entry)
        return ChannelChange(name, diff, _view(tx, ctx, _channel(tx, channel)))

    return rule_changes.once(
        ctx,
        request.actor,
        did="channel.set",
        on=f"channel:{channel[:80]}",
        change=work,
        key=request.key,
        action=Action.CHANGE_CHANNEL,
        thing=_CHANNELS,
    )


def learn(ctx: Context, channel: str, name: str) -> None:
    """Note which name a channel has, where that is news: Slack tells it with commands, links and posts."""
    if not channels.is_id(channel) or not name or channels.is_id(name):
        return
    with ctx.database.reading() as tx:
        if channels.knows(tx, channel, name):
            return
    with ctx.database.writing() as tx:
        channels.learn(tx, channel, name)
        # It may have other settings now than under the name alone.
        alerts.look_again(tx, [Stage.QUIET, Stage.BUDGET], now=ctx.now())


def _channel(tx: Transaction, channel: str, *, lock: bool = False) -> Channel:
    return channels.get(tx, channels.places(tx, [channel])[channel], lock=lock)


def _view(tx: Transaction, ctx: Context, channel: Channel) -> ChannelView:
    settings = channel.settings
    zone = settings.zone or ctx.calendar.zone.key
    today = Calendar.of(zone).date_of(ctx.now()).isoformat()
    return ChannelView(
        channel=channel.place,
        settings=settings,
        zone=zone,
        language=settings.language or ctx.words.language,
        told_today=attention.spent(tx, {channel.place: today}).get(channel.place, 0),
        author=channel.author,
        at=channel.at,
    )
