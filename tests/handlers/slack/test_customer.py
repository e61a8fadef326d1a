"""``/customer`` as people type it."""

import pytest

from handlers.sweep import sweep
from rules.instants import DAY
from storage.database import Database
from templates.blocks import Rendered
from templates.codec import Press, encode
from tests.handlers.slack.world import AIKO, MANAGER, NOW, TOM, World, everything, name
from tests.histories import customer, purchases


@pytest.mark.parametrize(
    "typed",
    [
        "/customer Ann Bell",
        "/customer ann  bell",
        "/customer status Ann Bell",
        "/customer STATUS ann@example.com",
        "/customer c1",
        "/customer <mailto:ann@example.com|ann@example.com>",
        "/customer\u00a0Ann Bell".replace("\u00a0", " "),
    ],
)
def test_status_by_name_address_or_id(world: World, typed: str) -> None:
    said = world.said(typed)
    for piece in (
        "Ann Bell: last purchase 34 days ago; 1 open alert.",
        "vip  ·  ann@example.com  ·  owner tom@example.com  ·  id c1",
        "<https://crm.example/c/c1|open in the CRM>",
        "(400 days)",
        "*Purchase*\n2 times · $20.00 · 34 days ago\n$10.00 on average",
        "*One open alert*",
        "⚪ 📉 *Lapsing*: Ann Bell\nLast purchase: 34 days ago",
        "*What happened last*",
    ):
        assert piece in said


def test_several_matches_offer_a_choice_whose_buttons_work(world: World) -> None:
    said = world.said("/customer bell")
    assert "2 customers could be meant by “bell”. Which one?" in said
    assert "*Ann Bell*" in said
    assert "*Bob Bellamy*" in said
    chosen = world.press(Press.CARD, 2, ephemeral=True)
    assert chosen is not None
    assert chosen[0].text.startswith("Bob Bellamy: last purchase 2 days ago")


def test_no_match_suggests_the_nearest_names(world: World) -> None:
    assert "I know no customer “Anne Bel”" in world.said("/customer Anne Bel")
    assert "Did you mean" in world.said("/customer Anne Bel")
    assert "Ann Bell" in world.said("/customer Anne Bel")
    assert "I know no customer “zzzz”" in world.said("/customer zzzz")


@pytest.mark.parametrize("typed", ["Anne Bel", "status Anne Bel", "find Anne Bel", "timeline Anne Bel"])
def test_the_nearest_names_can_be_chosen(world: World, typed: str) -> None:
    answer = world.command(f"/customer {typed}")
    assert answer is not None
    offered = [block["accessory"]["value"] for block in answer.blocks if "accessory" in block]
    assert encode(Press.CARD, 1) in offered
    assert "*Ann Bell*" in everything(answer)


def test_where_nobody_is_near_the_next_step_is_not_the_one_just_taken(world: World) -> None:
    assert "Fewer letters find more" in world.said("/customer find zzzz")
    said = world.said("/customer zzzz")
    assert "Write a part of the name that you are sure of" in said
    assert "/customer find" not in said


def test_a_misspelt_subcommand_gets_help_with_the_nearest(world: World) -> None:
    said = world.said("/customer statsu Ann Bell")
    assert "I do not know `/customer statsu`. Did you mean `/customer status`?" in said
    assert "tells about a customer, by name" in said


def test_bare_it_shows_who_of_ones_own_needs_attention(world: World) -> None:
    assert "*1 of your customers needs attention*" in world.said("/customer", user=TOM)
    assert "*1 customer needs attention*" in world.said("/customer", user=MANAGER)
    assert "None of your customers has an open alert" in world.said("/customer list mine", user=AIKO)
    assert "Did you mean `/customer list mine`?" in world.said("/customer list min")


def test_a_list_says_how_many_there_are_and_turns_its_pages(world: World, database: Database) -> None:
    for number in range(3, 33):
        customer(database, number, known_since=NOW - 60 * DAY)
        # The higher the number, the more was spent; the last five are Tom's.
        purchases(database, number, [NOW - (35 + more) * DAY for more in range(number)])
        name(database, number, name=f"Customer {number:02}", owner="tom@example.com" if number > 27 else None)
    sweep(world.ctx)

    first = world.said("/customer list")
    assert "*31 customers need attention*" in first
    assert "The 12 of 31 who spent most:" in first
    assert "*Customer 32*" in first
    assert "*Customer 21*" in first
    assert "*Customer 20*" not in first
    assert buttons(world.answers[-1][0]) == [encode(Press.NEEDY, 2)]

    last = world.press(Press.NEEDY, 3, ephemeral=True)
    assert last is not None
    assert last[1]
    assert "25–31 of 31:" in everything(last[0])
    assert "*Ann Bell*" in everything(last[0])
    assert buttons(last[0]) == [encode(Press.NEEDY, 2)]

    mine = world.said("/customer list mine", user=TOM)
    assert "*6 of your customers need attention*" in mine
    assert "who spent most:" not in mine
    gone = world.press(Press.MY_NEEDY, 2, user=TOM)
    assert gone is not None
    assert "Nobody is on this page any more" in gone[0].text


def buttons(answer: Rendered) -> list[str]:
    """What the buttons that turn pages carry."""
    rows = [block for block in answer.blocks if block["type"] == "actions"]
    return [element["value"] for row in rows for element in row["elements"]]


def test_find_timeline_and_help(world: World) -> None:
    assert "2 customers for “bell”, the surest first" in world.said("/customer find bell")
    assert "🕒 Ann Bell: timeline" in world.said("/customer timeline Ann Bell")
    assert "*`/customer`: ask about a customer*" in world.said("/customer help")
    for bare in ("status", "find", "timeline"):
        assert "Something is missing" in world.said(f"/customer {bare}")


def test_as_of_a_day_in_the_past(world: World) -> None:
    said = world.said("/customer status Ann Bell --as-of 2024-08-29")
    assert "as things stood on" in said
    assert "*Purchase*\nonce" in said
    assert "No open alerts" in said
    assert "is no date or time" in world.said("/customer status Ann Bell --as-of tomorrow")
    assert "--as-of needs a value" in world.said("/customer status Ann Bell —as-of")


@pytest.mark.parametrize("typed", ["Ann Bell --asof 2024-08-29", "status Ann Bell --asof=2024-08-29"])
def test_an_unknown_option_is_no_part_of_a_name(world: World, typed: str) -> None:
    assert "I do not know the option --asof. Did you mean --as-of?" in world.said(f"/customer {typed}")


def test_options_stand_where_they_mean_something(world: World) -> None:
    assert "as things stood on" in world.said("/customer --as-of=2024-08-29 Ann Bell")
    for typed in ("find bell --as-of 2024-08-29", "timeline Ann Bell --page 2", "find bell --all"):
        assert "I do not know the option --" in world.said(f"/customer {typed}")


def test_dashes_and_quotes_in_a_name_are_no_options(world: World, database: Database) -> None:
    customer(database, 3, known_since=NOW - DAY)
    name(database, 3, name="Smith - O\u2019Neil \u2014 Sons")
    assert "Smith - O\u2019Neil \u2014 Sons" in world.said("/customer Smith - O\u2019Neil \u2014 Sons")


def test_a_hostile_customer_is_found_and_shown_as_text(world: World, database: Database) -> None:
    hostile = "<!channel> & <@U1> *x* _y_ \u202e" + "z" * 10_000 + "🙂 שלום"
    customer(database, 3, known_since=NOW - DAY)
    name(database, 3, name=hostile)
    answer = world.command("/customer c3")
    assert answer is not None
    header, *rest = answer.blocks
    assert header["text"]["type"] == "plain_text"
    assert "<!channel>" not in str(rest)
    assert "<@U1>" not in answer.text


@pytest.mark.parametrize(
    "typed",
    [
        "\ud800",
        "\x00",
        "'; drop table customer; --",
        "%",
        "_",
        "x" * 7_000,
        "&lt;!channel&gt;",
        "“",
        "--as-of",
    ],
)
def test_whatever_is_typed_is_answered(world: World, typed: str) -> None:
    assert world.said(f"/customer {typed}")
    assert world.said(f"/customer find {typed}")
    assert world.said(f"/customer timeline {typed}")
    assert "Something went wrong" not in "".join(answer.text for answer, _ in world.answers)


def test_too_much_text_is_refused_with_the_limit(world: World) -> None:
    assert "That is 9000 characters; I read up to 8000." in world.said("/customer " + "x" * 9_000)


def test_a_command_delivered_twice_is_answered_once(world: World) -> None:
    assert world.command("/customer help", trigger="same") is not None
    assert world.command("/customer help", trigger="same") is None
