"""Our own checks: what slack_sdk lets through and Slack would not."""

import pytest

from templates import limits
from templates.blocks import (
    Rendered,
    actions,
    button,
    context,
    fields,
    header,
    menu,
    paragraphs,
    rendered,
    section,
)
from templates.limits import LayoutError
from templates.words import Mrkdwn


def refused(text: str, *made: object) -> tuple[str, ...]:
    with pytest.raises(LayoutError) as error:
        rendered(Mrkdwn(text), made)  # type: ignore[arg-type]
    assert error.value.text == text
    return error.value.problems


def test_what_slack_would_refuse_is_named() -> None:
    fine = section(Mrkdwn("x"))
    assert refused("", fine) == ("no text",)
    assert refused("x", *[fine] * 51) == ("51 blocks",)
    assert refused("x", *[section(Mrkdwn("y" * 2_900))] * 5) == ("14500 characters in blocks",)
    assert refused("x", context(*[Mrkdwn("x")] * 11)) == ("elements attribute cannot exceed 10 elements",)
    assert refused("x", section(Mrkdwn("x"), block_id="a"), section(Mrkdwn("x"), block_id="a")) == (
        "a block_id twice",
    )
    assert refused("x", fields([Mrkdwn("y" * 2_001)])) == ("block 0 (section): a text of 2001 characters",)
    twice = [button("a", action="same", value="1"), button("b", action="same", value="2")]
    assert refused("x", actions(twice)) == ("block 0 (actions): an action_id twice",)
    assert refused("x", context(Mrkdwn("y" * 3_001))) == ("block 0 (context): a text of 3001 characters",)


def test_what_is_ours_to_cut_is_cut() -> None:
    message = rendered(
        Mrkdwn("t" * 9_000),
        [
            header("h" * 500),
            fields([Mrkdwn("f")] * 20),
            actions(
                [
                    button("b" * 200, action="a", value="v"),
                    menu("m", action="c", options=[("o" * 200, "v")]),
                ]
            ),
        ],
    )
    assert len(message.text) == limits.MOST_FALLBACK
    assert len(message.blocks[0]["text"]["text"]) == 150
    assert len(message.blocks[1]["fields"]) == 10
    assert len(message.blocks[2]["elements"][0]["text"]["text"]) == 75


def test_paragraphs_take_as_many_sections_as_they_need_and_then_an_ellipsis() -> None:
    lines = [Mrkdwn(f"{number} " + "x" * 990) for number in range(12)]
    made = [block.to_dict()["text"]["text"] for block in paragraphs(lines, most=9_000)]
    assert [len(text) <= 3_000 for text in made] == [True] * len(made)
    assert made[-1].endswith("\n…")
    assert sum(text.count("x" * 990) for text in made) == 9
    assert paragraphs([]) == []
    assert [block.to_dict()["text"]["text"] for block in paragraphs([Mrkdwn("a"), Mrkdwn("b")])] == ["a\nb"]


def test_the_content_is_a_hash_of_all_that_is_shown() -> None:
    one = Rendered("x", [section(Mrkdwn("y")).to_dict()])
    assert one.content == Rendered("x", [section(Mrkdwn("y")).to_dict()]).content
    assert len({one.content, Rendered("x").content, Rendered("y", one.blocks).content}) == 3
    assert len(one.content) == 64
