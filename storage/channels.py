"""Channels: what each says of itself, and which ids and names are the same one.

Owns the tables ``channel_setting`` and ``channel_name``. A rule names a channel by its id or by its name; settings are
kept once, under the channel's `place`: its id, as soon as Slack has told which name is whose, and its name until then.
It must not know what a setting means.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, Integer, Text, delete, insert, select, text, update
from sqlmodel import Field, SQLModel, col

from rules.alerts.channel import ChannelSettings, as_data, from_data
from storage import attention, digests
from storage.database import Transaction
from storage.sets import any_of

_ID: Final = re.compile(r"[CGDUW][A-Z0-9]+\Z")
"""Names of channels have no capital letters."""


class ChannelSettingRow(SQLModel, table=True):
    """The settings of one channel as they are now; who changed what stands in ``audit``."""

    __tablename__ = "channel_setting"

    place: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    settings: str = Field(sa_column=Column(Text, nullable=False))
    """What `rules.alerts.channel.as_data` gives, as JSON."""
    author: str = Field(sa_column=Column(Text, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))


class ChannelNameRow(SQLModel, table=True):
    """Which channel has a name, as Slack last said so."""

    __tablename__ = "channel_name"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    channel: str = Field(sa_column=Column(Text, nullable=False, index=True))


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel's settings; ``version`` 0 and no ``author`` where nobody has changed them."""

    place: str
    settings: ChannelSettings
    version: int = 0
    author: str = ""
    at: int = 0


def is_id(channel: str) -> bool:
    """Whether a channel is named by Slack's id."""
    return bool(_ID.match(channel))


def places(tx: Transaction, channels: Iterable[str]) -> dict[str, str]:
    """Give the place of each channel, however it is named: ``C0CARE``, ``#care`` or ``care``."""
    names = {one: one if is_id(one) else one.removeprefix("#").casefold() for one in channels}
    asked = sorted({name for one, name in names.items() if not is_id(one)})
    if not asked:
        return names
    rows = tx.execute(
        select(col(ChannelNameRow.name), col(ChannelNameRow.channel)).where(
            col(ChannelNameRow.name).in_(any_of(tx.dialect, asked, "text"))
        )
    )
    known = {row[0]: row[1] for row in rows}
    return {one: name if is_id(one) else known.get(name, name) for one, name in names.items()}


def name_of(tx: Transaction, channel: str) -> str | None:
    """Give the name of the channel of this id, where Slack has told it."""
    return tx.execute(
        select(col(ChannelNameRow.name)).where(col(ChannelNameRow.channel) == channel)
    ).scalar_one_or_none()


def knows(tx: Transaction, channel: str, name: str) -> bool:
    """Whether it is known already that the channel of this id has this name."""
    return name_of(tx, channel) == name.removeprefix("#").casefold()


def learn(tx: Transaction, channel: str, name: str) -> None:
    """Note that the channel of this id has this name; what was kept under the name alone is the channel's from now on."""
    name = name.removeprefix("#").casefold()
    tx.execute(delete(ChannelNameRow).where(col(ChannelNameRow.channel) == channel))
    tx.execute(_NAME, {"name": name, "channel": channel})
    _move_settings(tx, name, channel)
    attention.move(tx, name, channel)
    digests.move(tx, name, channel)


_NAME: Final = text(
    "INSERT INTO channel_name (name, channel) VALUES (:name, :channel) "
    "ON CONFLICT (name) DO UPDATE SET channel = excluded.channel"
)


def of(tx: Transaction, chosen: Iterable[str]) -> dict[str, Channel]:
    """Give the channels of these places that somebody has changed settings of."""
    wanted = any_of(tx.dialect, sorted(set(chosen)), "text")
    rows = tx.session.execute(select(ChannelSettingRow).where(col(ChannelSettingRow.place).in_(wanted)))
    return {row.place: _channel(row) for row in rows.scalars()}


def get(tx: Transaction, place: str, *, lock: bool = False) -> Channel:
    """Give a channel; the usual settings where nobody has changed them."""
    statement = select(ChannelSettingRow).where(col(ChannelSettingRow.place) == place)
    row = tx.session.execute(statement.with_for_update() if lock else statement).scalar_one_or_none()
    return _channel(row) if row is not None else Channel(place, ChannelSettings())


def store(tx: Transaction, channel: Channel, settings: ChannelSettings, *, author: str, now: int) -> None:
    """Store the next version of a channel's settings."""
    values = {
        "version": channel.version + 1,
        "settings": json.dumps(as_data(settings)),
        "author": author,
        "at": now,
    }
    if channel.version:
        tx.execute(
            update(ChannelSettingRow).where(col(ChannelSettingRow.place) == channel.place).values(**values)
        )
    else:
        tx.execute(insert(ChannelSettingRow), {"place": channel.place, **values})


def _move_settings(tx: Transaction, before: str, after: str) -> None:
    found: Mapping[str, Channel] = of(tx, [before, after])
    if before not in found:
        return
    # Of two that turn out to be one channel the later word counts.
    gone = before if after in found and found[after].at >= found[before].at else after
    tx.execute(delete(ChannelSettingRow).where(col(ChannelSettingRow.place) == gone))
    tx.execute(update(ChannelSettingRow).where(col(ChannelSettingRow.place) == before).values(place=after))


def _channel(row: ChannelSettingRow) -> Channel:
    return Channel(
        place=row.place,
        settings=from_data(json.loads(row.settings)),
        version=row.version,
        author=row.author,
        at=row.at,
    )
