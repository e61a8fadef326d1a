from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from playground.limits import message_content
from templates.codec import Press, Value, decode
from templates.digest import PAGE, digest_message, digest_page
from templates.views import DigestView, Member, Money, Person, Standing
from tests.templates.given import LAPSING, VOICE, digests, members

DIGEST = DigestView(
    root=77,
    rule=LAPSING,
    counts={"open": 405, "recovered": 7},
    claimed=2,
    snoozed=1,
    top=(
        Member(1, Person("C-1", "Ann Bell"), Standing(claimed_by="U08TOMBECKR"), Money(120_000, "USD")),
        Member(2, Person("C-2"), Standing()),
    ),
)


def test_says_how_many_who_is_most_valuable_and_how_they_stand() -> None:
    message = digest_message(DIGEST, VOICE)
    assert message.text == "412 customers already match *Lapsing*; 405 still open."
    everything = str(message.blocks)
    for piece in (
        "📉 Lapsing: 412 customers already",
        "⚪ 402 open  ·  👀 2 claimed  ·  💤 1 snoozed  ·  ✅ 7 recovered",
        "1. 👀 Ann Bell  ·  $1,200.00\\n2. ⚪ Customer C-2",
        "*The 2 most valuable still open*",
        "Call them and ask what changed.",
    ):
        assert piece in everything
    button = message.blocks[-1]["elements"][0]
    assert decode(button["value"]) == Value(Press.DIGEST, 77, "0")


def test_of_one_customer_it_speaks_in_the_singular() -> None:
    message = digest_message(replace(DIGEST, counts={"open": 1}, claimed=0, snoozed=0), VOICE)
    assert message.text == "1 customer already matches *Lapsing*; 1 still open."


def test_of_a_burst_it_says_that_they_came_at_once() -> None:
    message = digest_message(replace(DIGEST, burst=True), VOICE)
    assert message.text == "412 customers came to match *Lapsing* at once; 405 still open."
    assert message.blocks[0]["text"]["text"] == "📉 Lapsing: 412 customers came to match at once"
    assert "So many at once come in one message." in str(message.blocks)
    assert "already" not in str(message.blocks)


def test_when_all_have_ended_it_says_so_without_buttons() -> None:
    message = digest_message(replace(DIGEST, counts={"lost": 3}, claimed=0, snoozed=0, top=()), VOICE)
    assert message.blocks[0]["text"]["text"].startswith("✅")
    assert "All of them have ended" in str(message.blocks)
    assert not [block for block in message.blocks if block["type"] == "actions"]


def test_a_page_lists_each_with_a_button_and_turns_both_ways() -> None:
    some = [replace(DIGEST.top[0], alert_id=n + 1) for n in range(PAGE)]
    message = digest_page("lapsing", some, root=77, page=1, total=40, voice=VOICE)
    assert "16–30 of 40" in message.blocks[0]["text"]["text"]
    opens = [block["accessory"]["value"] for block in message.blocks if "accessory" in block]
    assert [decode(value) for value in opens] == [Value(Press.ALERT, n + 1) for n in range(PAGE)]
    turns = [decode(element["value"]) for element in message.blocks[-1]["elements"]]
    assert turns == [Value(Press.DIGEST, 77, "0"), Value(Press.DIGEST, 77, "2")]


def test_a_page_of_nobody_says_so() -> None:
    message = digest_page("lapsing", [], root=77, page=3, total=0, voice=VOICE)
    assert message.text == "None of the customers of *Lapsing* is open any more."


@settings(max_examples=40, deadline=None)
@given(digests)
def test_slack_takes_whatever_digest(view: DigestView) -> None:
    message = digest_message(view, VOICE)
    message_content({"text": message.text, "blocks": message.blocks}, is_update=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(members, max_size=PAGE), st.integers(0, 1000), st.integers(0, 10**6))
def test_slack_takes_whatever_page(some: list[Member], page: int, total: int) -> None:
    message = digest_page("lapsing", some, root=1, page=page, total=total, voice=VOICE)
    message_content({"text": message.text, "blocks": message.blocks})
