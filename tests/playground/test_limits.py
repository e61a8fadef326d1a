import json
from typing import Any

import pytest

from playground.limits import Pace, RefusedError, check_view, message_content
from tests.playground.sample import plain

JSON = dict[str, Any]
SECTION = {"type": "section", "text": plain("x")}
INPUT = {"type": "input", "label": plain("L"), "element": {"type": "plain_text_input", "action_id": "a"}}

REFUSED: dict[str, tuple[JSON, str]] = {
    "nothing": ({}, "no_text"),
    "blanks": ({"text": " \n"}, "no_text"),
    "no blocks": ({"blocks": []}, "no_text"),
    "text of another kind": ({"text": ["x"]}, "invalid_arguments"),
    "blocks that are no JSON": ({"blocks": "[{"}, "invalid_blocks_format"),
    "blocks that are no list": ({"blocks": {"type": "section"}}, "invalid_blocks_format"),
    "blocks that break a rule": ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
    "blocks of 12,001 characters": (
        {
            "blocks": [{"type": "section", "text": plain("x" * 2500)}] * 4
            + [{"type": "section", "text": plain("x" * 2001)}]
        },
        "msg_blocks_too_long",
    ),
    "101 attachments": ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
    "attachments that are no list": ({"attachments": {"text": "x"}}, "invalid_attachments"),
    "attachments with bad blocks": (
        {"attachments": [{"blocks": [{"type": "section"}]}]},
        "invalid_attachments",
    ),
    "metadata that is no JSON": ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
    "metadata without a payload": ({"text": "x", "metadata": {"event_type": "e"}}, "invalid_metadata_format"),
    "metadata without a type": ({"text": "x", "metadata": {"event_payload": {}}}, "invalid_metadata_format"),
    "metadata with a dot in its type": (
        {"text": "x", "metadata": {"event_type": "a.b", "event_payload": {}}},
        "invalid_metadata_format",
    ),
    "metadata of 16 kB": (
        {"text": "x", "metadata": {"event_type": "e", "event_payload": {"k": "v" * 16_000}}},
        "metadata_too_large",
    ),
}


@pytest.mark.parametrize(("args", "error"), REFUSED.values(), ids=REFUSED.keys())
def test_messages_are_refused_with_slacks_error(args: JSON, error: str) -> None:
    with pytest.raises(RefusedError) as refused:
        message_content(args)
    assert refused.value.error == error


def test_the_answer_carries_the_messages_as_slack_writes_them() -> None:
    with pytest.raises(RefusedError) as refused:
        message_content({"blocks": [{"type": "header", "text": plain("x" * 151)}]})
    said = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert refused.value.body() == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [said],
        "response_metadata": {"messages": [f"[ERROR] {said}"]},
    }


def test_an_attachments_blocks_are_pointed_at_within_it() -> None:
    with pytest.raises(RefusedError) as refused:
        message_content({"attachments": [{"blocks": [{"type": "section"}]}]})
    assert refused.value.messages == [
        "must define either `text` or `fields` [json-pointer:/attachments/0/blocks/0]"
    ]


def test_text_is_cut_at_40000_with_a_warning_and_an_update_is_refused_beyond_4000() -> None:
    assert message_content({"text": "x" * 40_000}).warning is None
    cut = message_content({"text": "x" * 40_001})
    assert (len(cut.text), cut.warning) == (40_000, "message_truncated")
    assert message_content({"text": "x" * 4_000}, is_update=True).text == "x" * 4_000
    with pytest.raises(RefusedError, match="msg_too_long"):
        message_content({"text": "x" * 4_001}, is_update=True)


def test_a_form_carries_json_as_text() -> None:
    metadata = {"event_type": "alert", "event_payload": {"key": "1"}}
    content = message_content({"blocks": json.dumps([SECTION]), "metadata": json.dumps(metadata)})
    assert content.blocks[0]["text"] == plain("x")
    assert content.metadata == metadata


def test_twelve_thousand_characters_in_blocks_are_taken() -> None:
    assert len(message_content({"blocks": [{"type": "section", "text": plain("x" * 3000)}] * 4}).blocks) == 4


def test_one_post_a_second_with_a_burst() -> None:
    pace = Pace(1.0, 2)
    assert [pace.wait("C1", 100.0) for _ in range(2)] == [0.0, 0.0]
    assert pace.wait("C1", 100.0) == pytest.approx(1.0)
    assert pace.wait("C1", 100.4) == pytest.approx(0.6)
    assert pace.wait("C2", 100.4) == 0.0
    assert pace.wait("C1", 101.0) == 0.0
    assert pace.wait("C1", 101.5) == pytest.approx(0.5)
    assert [pace.wait("C1", 110.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(1.0)]


def test_an_app_that_waits_exactly_a_second_is_never_refused() -> None:
    pace = Pace(1.0, 1)
    assert [pace.wait("C1", 1_795_347_679.394 + n) for n in range(50)] == [0.0] * 50


def test_no_interval_means_no_limit() -> None:
    pace = Pace(0.0, 1)
    assert [pace.wait("C1", 1.0) for _ in range(5)] == [0.0] * 5


VIEW = {"type": "modal", "title": plain("T"), "blocks": [SECTION]}


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("{", None),
        ({**VIEW, "type": "page"}, "invalid `view`: unknown type"),
        (
            {**VIEW, "title": plain("x" * 25)},
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (
            {**VIEW, "submit": plain("x" * 25)},
            "must be less than 25 characters [json-pointer:/view/submit/text]",
        ),
        ({**VIEW, "blocks": []}, "no fewer than 1 items allowed [json-pointer:/view/blocks]"),
        (
            {**VIEW, "blocks": [{"type": "section"}]},
            "must define either `text` or `fields` [json-pointer:/view/blocks/0]",
        ),
        ({**VIEW, "blocks": [INPUT]}, "missing required field: submit [json-pointer:/view]"),
        (
            {**VIEW, "private_metadata": "x" * 3001},
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        ({"type": "modal", "blocks": [SECTION]}, "missing required field: title [json-pointer:/view]"),
    ],
)
def test_views_are_refused(view: Any, said: str | None) -> None:
    with pytest.raises(RefusedError) as refused:
        check_view(view)
    assert refused.value.error == "invalid_arguments"
    assert said is None or said in refused.value.messages


def test_a_view_gets_the_ids_it_lacks() -> None:
    checked = check_view({**VIEW, "submit": plain("Save"), "blocks": [INPUT]})
    assert checked["blocks"][0]["block_id"]
