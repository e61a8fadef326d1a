"""Every command explains itself, and so does every option."""

from collections.abc import Iterator

import click
import pytest

from bot import main


def _commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


ALL = dict(_commands(main))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_command_and_each_of_its_options_say_what_they_do(path: tuple[str, ...]) -> None:
    command = ALL[path]
    assert command.help, path
    assert command.get_short_help_str(200).rstrip(".")
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, f"{' '.join(path)} {param.opts}"


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_needs_no_settings_and_no_database(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(args=[*path, "--help"], prog_name="bot.py")
    assert ended.value.code == 0
    assert "Usage: bot.py " + " ".join(path) in capsys.readouterr().out


def test_the_commands_that_others_rely_on_are_there() -> None:
    wanted = {
        ("run",),
        ("demo",),
        ("doctor",),
        ("import",),
        ("sweep",),
        ("status",),
        *(
            (("rules", verb))
            for verb in (
                *("list", "show", "add", "edit", "pause", "resume", "remove", "check"),
                *("test", "export", "import"),
            )
        ),
        *((("quarantine", verb)) for verb in ("list", "retry", "drop")),
        ("db", "upgrade"),
        ("db", "check"),
        ("db", "prune"),
        ("db", "vacuum"),
    }
    assert wanted <= set(ALL)
