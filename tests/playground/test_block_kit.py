from typing import Any

import pytest

from playground.block_kit import check_blocks, text_length, with_ids
from tests.playground.sample import alert_blocks, button, option, plain

JSON = dict[str, Any]


def section(text: str = "x", **more: object) -> JSON:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def actions(*elements: JSON) -> JSON:
    return {"type": "actions", "elements": list(elements)}


def menu(**more: object) -> JSON:
    return {"type": "static_select", "action_id": "m", "options": [option("a", "1")], **more}


def chart(**more: object) -> JSON:
    point = {"label": "Jan", "value": 3}
    drawn = {
        "type": "bar",
        "series": [{"name": "Purchases", "data": [point]}],
        "axis_config": {"categories": ["Jan"]},
        **more,
    }
    return {"type": "data_visualization", "title": "Purchases", "chart": drawn}


DIALOG = {"title": plain("T"), "text": plain("X"), "confirm": plain("Y"), "deny": plain("N")}

REFUSED: dict[str, tuple[list[Any], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "a string for a block": (["x"], "must provide an object [json-pointer:/blocks/0]"),
    "an unknown block": ([{"type": "fancy"}], "unsupported type: fancy [json-pointer:/blocks/0]"),
    "a block of modals": (
        [{"type": "alert", "text": plain("x")}],
        "unsupported type: alert [json-pointer:/blocks/0]",
    ),
    "no type": ([{"text": plain("x")}], "missing required field: type [json-pointer:/blocks/0]"),
    "section of 3001": (
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "section, empty": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "section of nothing": (
        [{"type": "section"}],
        "must define either `text` or `fields` [json-pointer:/blocks/0]",
    ),
    "section, unknown property": (
        [section(color="red")],
        "invalid additional property: color [json-pointer:/blocks/0]",
    ),
    "text, not a string": (
        [{"type": "section", "text": {"type": "mrkdwn", "text": 5}}],
        "must provide a string [json-pointer:/blocks/0/text/text]",
    ),
    "text of no kind": (
        [{"type": "section", "text": {"type": "html", "text": "x"}}],
        "must be a valid enum value [json-pointer:/blocks/0/text/type]",
    ),
    "emoji on mrkdwn": (
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}}],
        "invalid additional property: emoji [json-pointer:/blocks/0/text]",
    ),
    "11 fields": (
        [{"type": "section", "fields": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "field of 2001": (
        [{"type": "section", "fields": [plain("x" * 2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "header of 151": (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "header in mrkdwn": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "must be a valid enum value [json-pointer:/blocks/0/text/type]",
    ),
    "11 in a context": (
        [{"type": "context", "elements": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "none in a context": (
        [{"type": "context", "elements": []}],
        "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "26 actions": (
        [actions(*(button(f"b{n}", "x") for n in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "image among actions": (
        [actions({"type": "image", "image_url": "https://x.example/i.png", "alt_text": "i"})],
        "unsupported type: image [json-pointer:/blocks/0/elements/0]",
    ),
    "button text of 76": (
        [actions(button("b", "x" * 76))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "button value of 2001": (
        [actions(button("b", "x", value="v" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "button style": (
        [actions(button("b", "x", style="blue"))],
        "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
    ),
    "action id of 256": (
        [actions(button("b" * 256, "x"))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "action id twice": (
        [actions(button("b", "x"), button("b", "y"))],
        '`action_id` "b" already exists for block_id "" [json-pointer:/blocks/0/elements/1/action_id]',
    ),
    "block id of 256": (
        [section(block_id="b" * 256)],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    "block id twice": (
        [section(block_id="b"), section(block_id="b")],
        '`block_id` "b" already exists [json-pointer:/blocks/1/block_id]',
    ),
    "6 in an overflow": (
        [
            section(
                accessory={
                    "type": "overflow",
                    "action_id": "o",
                    "options": [option("a", str(n)) for n in range(6)],
                }
            )
        ],
        "no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "none in an overflow": (
        [section(accessory={"type": "overflow", "action_id": "o", "options": []})],
        "no fewer than 1 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "101 in a menu": (
        [actions(menu(options=[option("a", str(n)) for n in range(101)]))],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    "menu with both": (
        [actions(menu(option_groups=[]))],
        "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]",
    ),
    "placeholder of 151": (
        [actions(menu(placeholder=plain("x" * 151)))],
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/placeholder/text]",
    ),
    "initial option of its own": (
        [actions(menu(initial_option=option("b", "2")))],
        "option must match one of the options [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    "option text of 76": (
        [actions(menu(options=[option("x" * 76, "1")]))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
    ),
    "option value of 151": (
        [actions(menu(options=[option("x", "v" * 151)]))],
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    "confirm title of 101": (
        [actions(button("b", "x", confirm={**DIALOG, "title": plain("x" * 101)}))],
        "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
    ),
    "confirm text of 301": (
        [actions(button("b", "x", confirm={**DIALOG, "text": plain("x" * 301)}))],
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
    "confirm button of 31": (
        [actions(button("b", "x", confirm={**DIALOG, "confirm": plain("x" * 31)}))],
        "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]",
    ),
    "image without words": (
        [{"type": "image", "image_url": "https://x.example/i.png"}],
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    "image from nowhere": (
        [{"type": "image", "alt_text": "i"}],
        "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]",
    ),
    "image by another scheme": (
        [{"type": "image", "alt_text": "i", "image_url": "javascript:alert(1)"}],
        "must be a valid URL [json-pointer:/blocks/0/image_url]",
    ),
    "markdown of 12001": (
        [{"type": "markdown", "text": "x" * 12_001}],
        "must be less than 12001 characters [json-pointer:/blocks/0/text]",
    ),
    "two tables": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2,
        "only_one_table_allowed [json-pointer:/blocks]",
    ),
    "chart title of 51": (
        [{**chart(), "title": "x" * 51}],
        "must be less than 51 characters [json-pointer:/blocks/0/title]",
    ),
    "chart of no kind": (
        [chart(type="donut")],
        "must be a valid enum value [json-pointer:/blocks/0/chart/type]",
    ),
    "chart without its categories": (
        [chart(axis_config={"categories": ["Feb"]})],
        "labels must match the categories of the axis [json-pointer:/blocks/0/chart/series/0/data]",
    ),
    "pie with nothing": (
        [
            {
                "type": "data_visualization",
                "title": "t",
                "chart": {"type": "pie", "segments": [{"label": "a", "value": 0}]},
            }
        ],
        "must be more than 0 [json-pointer:/blocks/0/chart/segments/0/value]",
    ),
    "rich text of no kind": (
        [{"type": "rich_text", "elements": [{"type": "marquee", "elements": []}]}],
        "unsupported type: marquee [json-pointer:/blocks/0/elements/0]",
    ),
    "input for files among messages' sections": (
        [section(accessory={"type": "plain_text_input", "action_id": "p"})],
        "unsupported type: plain_text_input [json-pointer:/blocks/0/accessory]",
    ),
}


@pytest.mark.parametrize(("blocks", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_slack_refuses_is_refused_with_its_place(blocks: list[Any], sentence: str) -> None:
    assert sentence in check_blocks(blocks)


AT_THE_LIMIT: dict[str, list[JSON]] = {
    "50 blocks": [{"type": "divider"}] * 50,
    "section": [section("x" * 3000)],
    "fields": [{"type": "section", "fields": [plain("x" * 2000)] * 10}],
    "header": [{"type": "header", "text": plain("x" * 150)}],
    "context": [{"type": "context", "elements": [plain("x")] * 10}],
    "actions": [actions(*(button(f"b{n}", "x" * 75, value="v" * 2000) for n in range(25)))],
    "ids": [actions(button("b" * 255, "x")), section(block_id="b" * 255)],
    "the same action in two blocks": [actions(button("b", "x")), actions(button("b", "x"))],
    "overflow of one": [
        section(accessory={"type": "overflow", "action_id": "o", "options": [option("a", "1")]})
    ],
    "menu": [actions(menu(options=[option("x" * 75, f"{n:0150}") for n in range(100)]))],
    "groups": [
        actions(
            {"type": "static_select", "option_groups": [{"label": plain("g"), "options": [option("a", "1")]}]}
        )
    ],
    "chart": [chart()],
    "alert": alert_blocks("Claudia Reyes"),
    "no value": [actions(button("b", "x", value=""))],
}


@pytest.mark.parametrize("blocks", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT.keys())
def test_what_slack_takes_is_taken(blocks: list[JSON]) -> None:
    assert check_blocks(blocks) == []


def test_a_section_that_fits_no_schema_says_that_too() -> None:
    assert check_blocks([section("x" * 3001)]) == [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]


def test_modals_take_a_hundred_blocks_and_no_charts() -> None:
    assert check_blocks([{"type": "divider"}] * 100, surface="modal") == []
    assert check_blocks([{"type": "divider"}] * 101, surface="modal") == [
        "no more than 100 items allowed [json-pointer:/blocks]"
    ]
    assert "unsupported type: data_visualization" in check_blocks([chart()], surface="modal")[0]


def test_missing_ids_are_generated_and_given_ones_stay() -> None:
    given = [
        actions({"type": "button", "text": plain("x")}),
        section(block_id="mine", accessory=button("a", "x")),
    ]
    first, second = with_ids(given)
    assert first["block_id"]
    assert first["elements"][0]["action_id"]
    assert (second["block_id"], second["accessory"]["action_id"]) == ("mine", "a")
    assert "block_id" not in given[0]


def test_the_length_of_blocks_counts_every_text() -> None:
    blocks = [
        section("12345"),
        {"type": "section", "fields": [plain("123"), plain("12")]},
        {"type": "markdown", "text": "1"},
    ]
    assert text_length(blocks) == 11
