"""``.env.example`` lists every setting, and changes nothing for whoever copies it."""

import re
from pathlib import Path

import pytest

from settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
_LINE = re.compile(r"([A-Z_]+)=(.*)")


def test_it_lists_exactly_the_settings_each_with_a_word_above_it() -> None:
    lines = EXAMPLE.read_text().splitlines()
    listed = []
    for before, line in zip(["", *lines], lines, strict=False):
        named = _LINE.fullmatch(line)
        if named:
            listed.append(named[1].lower())
            assert before.startswith("#") or _LINE.fullmatch(before), f"{named[1]} is not explained"
        else:
            assert not line or line.startswith("#"), line
    assert sorted(listed) == sorted(Settings.model_fields)


def test_copied_as_it_is_it_gives_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)  # type: ignore[call-arg]


def test_secrets_print_as_asterisks() -> None:
    settings = Settings(
        slack_bot_token="xoxb-hush",  # type: ignore[arg-type]
        slack_app_token="xapp-hush",  # type: ignore[arg-type]
        slack_signing_secret="hush",  # type: ignore[arg-type]
        ingest_keys="hush1 hush2",  # type: ignore[arg-type]
    )
    assert "hush" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUSINESS_TIMEZONE", "Mars/Olympus")
    monkeypatch.setenv("CURRENCY", "euro")
    monkeypatch.setenv("PORT", "70000")
    with pytest.raises(ValueError, match="business_timezone") as caught:
        Settings.read()
    for name in ("currency", "port"):
        assert name in str(caught.value)


def test_a_language_that_there_are_no_words_in_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for wrong in ("xx", "EN", "../en", "en_US"):
        with pytest.raises(ValueError, match="no language that Warmline speaks, which are: en"):
            Settings.given(language=wrong)
    assert Settings.given(language="en").language == "en"
    # What is compiled can be spoken; a folder alone cannot.
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "de" / "LC_MESSAGES" / "warmline.mo").touch()
    (tmp_path / "fr").mkdir()
    monkeypatch.setattr("settings._LOCALES", tmp_path)
    assert Settings.given(language="de").language == "de"
    with pytest.raises(ValueError, match="which are: de, en"):
        Settings.given(language="fr")
