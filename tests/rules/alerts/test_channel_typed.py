"""A channel's settings as people write them."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.alerts.channel import USUAL, ChannelSettings, DigestTime, Often, QuietHours, as_data, from_data
from rules.alerts.channel_typed import (
    SETTINGS,
    BadSettingError,
    NoBudgetError,
    QuietAllDayError,
    QuietAllWeekError,
    UnknownLanguageError,
    UnknownSettingError,
    UnknownZoneError,
    difference,
    setting_text,
    with_setting,
)
from rules.alerts.holidays import UnknownPlaceError
from rules.errors import WarmlineError

LANGUAGES = ["en", "pt_BR"]
channels = st.builds(
    ChannelSettings,
    budget=st.none() | st.integers(1, 1000),
    group=st.integers(1, 100),
    language=st.sampled_from(["", "en", "pt_BR"]),
    zone=st.sampled_from(["", "Europe/Berlin", "America/Argentina/Buenos_Aires"]),
    quiet=st.none()
    | st.builds(
        lambda begins, length: QuietHours(begins, (begins + length) % 1440),
        st.integers(0, 1439),
        st.integers(1, 1380),
    ),
    weekend=st.sets(st.integers(0, 6), max_size=6).map(lambda days: tuple(sorted(days))),
    holidays=st.sampled_from(["", "DE-BY", "US"]),
    digest=st.builds(DigestTime, st.just(Often.DAILY), st.integers(0, 1439))
    | st.builds(DigestTime, st.just(Often.WEEKLY), st.integers(0, 1439), st.integers(0, 6))
    | st.just(DigestTime(Often.OFF)),
)


def said(name: str, value: str, before: ChannelSettings = USUAL) -> Any:
    return getattr(with_setting(before, name, value, languages=LANGUAGES), name)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("budget", "20", 20),
        ("BUDGET", "off", None),
        ("group", "8", 8),
        ("quiet", "20:00-08:00", QuietHours(1200, 480)),
        ("quiet", "8pm – 8 am", QuietHours(1200, 480)),
        ("quiet", "20 to 8", QuietHours(1200, 480)),
        ("quiet", "12:30-13:30", QuietHours(750, 810)),
        ("quiet", "00:00-23:00", QuietHours(0, 1380)),
        ("quiet", "18:00-24:00", QuietHours(1080, 0)),
        ("quiet", "off", None),
        ("weekend", "sat,sun", (5, 6)),
        ("weekend", "Friday and saturday", (4, 5)),
        ("weekend", "off", ()),
        ("holidays", "de bayern", "DE-BY"),
        ("holidays", "off", ""),
        ("zone", "europe/berlin", "Europe/Berlin"),
        ("zone", "america/new york", "America/New_York"),
        ("zone", "usual", ""),
        ("language", "EN", "en"),
        ("language", "pt-br", "pt_BR"),
        ("digest", "daily", DigestTime()),
        ("digest", "daily 07:30", DigestTime(at=450)),
        ("digest", "daily 5pm", DigestTime(at=1020)),
        ("digest", "weekly", DigestTime(Often.WEEKLY)),
        ("digest", "Weekly Tue", DigestTime(Often.WEEKLY, 540, 1)),
        ("digest", "weekly mon 09:00", DigestTime(Often.WEEKLY, 540, 0)),
        ("budget", "usual", 30),
    ],
)
def test_what_is_read(name: str, value: str, read: object) -> None:
    assert said(name, value) == read if name.islower() else said(name.lower(), value) == read


def test_off_is_another_thing_than_usual() -> None:
    assert said("digest", "off") == DigestTime(Often.OFF)
    assert said("digest", "usual", ChannelSettings(digest=DigestTime(Often.OFF))) == DigestTime()


@pytest.mark.parametrize(
    ("name", "value", "error", "params"),
    [
        ("budget", "0", NoBudgetError, {}),
        ("budget", "-3", BadSettingError, {"setting": "budget", "value": "-3", "choices": ["20", "off"]}),
        ("budget", "1001", BadSettingError, None),
        ("budget", "²", BadSettingError, None),
        ("budget", "9" * 5_000, BadSettingError, None),
        ("group", "0", BadSettingError, None),
        ("quiet", "00:00-24:00", QuietAllDayError, {"value": "00:00-24:00"}),
        ("quiet", "08:00-08:00", QuietAllDayError, None),
        ("quiet", "08:00-07:59", QuietAllDayError, None),
        ("quiet", "25:00-08:00", BadSettingError, None),
        ("quiet", "20:00-24:01", BadSettingError, None),
        ("quiet", "13pm-8am", BadSettingError, None),
        ("quiet", "evenings", BadSettingError, None),
        ("quiet", "20:00-08:00-09:00", BadSettingError, None),
        ("weekend", "mon tue wed thu fri sat sun", QuietAllWeekError, {}),
        ("weekend", "sat, funday", BadSettingError, None),
        ("weekend", "", BadSettingError, None),
        ("weekend", "s", BadSettingError, None),
        ("holidays", "Atlantis Prime", UnknownPlaceError, None),
        ("zone", "Berlin", UnknownZoneError, None),
        ("language", "xx", UnknownLanguageError, {"text": "xx", "choices": ["en", "pt_BR"]}),
        ("digest", "hourly", BadSettingError, None),
        ("digest", "weekly someday", BadSettingError, None),
        ("digest", "daily 9:99", BadSettingError, None),
        ("bugdet", "20", UnknownSettingError, None),
    ],
)
def test_what_is_refused(name: str, value: str, error: type[WarmlineError], params: object) -> None:
    with pytest.raises(error) as refused:
        said(name, value)
    if params is not None:
        assert refused.value.params == params


def test_a_zone_is_found_by_its_city_and_in_spite_of_a_slip() -> None:
    for text in ("Berlin", "Europe/Berln", "berlin"):
        with pytest.raises(UnknownZoneError) as refused:
            said("zone", text)
        assert refused.value.params["nearest"][0] == "Europe/Berlin"  # type: ignore[index]


@given(settings=channels)
def test_what_is_written_reads_back(settings: ChannelSettings) -> None:
    read = USUAL
    for name in SETTINGS:
        read = with_setting(read, name, setting_text(settings, name), languages=LANGUAGES)
    assert read == settings
    assert from_data(as_data(settings)) == settings


@given(name=st.sampled_from(SETTINGS) | st.text(max_size=9), value=st.text(max_size=60))
def test_whatever_is_typed_is_read_or_refused_with_words(name: str, value: str) -> None:
    with contextlib.suppress(WarmlineError):
        changed = with_setting(USUAL, name, value, languages=LANGUAGES)
        assert from_data(as_data(changed)) == changed


@given(before=channels, after=channels)
def test_a_difference_names_what_changed_and_nothing_else(
    before: ChannelSettings, after: ChannelSettings
) -> None:
    changed = [name for name in SETTINGS if getattr(before, name) != getattr(after, name)]
    assert [line.split(":")[0] for line in difference(before, after).splitlines()] == [
        f"{sign} {name}" for name in changed for sign in "-+"
    ]
