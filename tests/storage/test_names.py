"""The words of names find whom a text may mean, and nobody's words stay when the name goes."""

import random

import pytest
from sqlalchemy import insert, text

from handlers.ingest import take_in_profiles
from storage import customers, names, schema
from storage.customers import Customer
from storage.database import Database, Transaction
from storage.incoming import CustomerIn

NOW = 1_750_000_000_000


def _say(database: Database, **said: str | None) -> None:
    with database.writing() as tx:
        given = [
            CustomerIn(external_id=who, own={"name": name}, created_at=None, attributes={})
            for who, name in said.items()
        ]
        take_in_profiles(tx, given, now=NOW)


def _add(tx: Transaction, people: dict[int, str]) -> None:
    tx.execute(
        insert(Customer),
        [
            {
                "id": number,
                "external_id": f"c{number}",
                "name": name,
                "known_since": 0,
                "search_name": customers.searched(name),
                "search_email": "",
            }
            for number, name in people.items()
        ],
    )
    names.note(tx, [(number, "", customers.searched(name)) for number, name in people.items()])


def _suggested(database: Database, typed: str) -> list[str | None]:
    with database.reading() as tx:
        return [one.name for one in customers.suggest(tx, typed, 5)]


def _kept(database: Database) -> tuple[set[str], set[str]]:
    with database.reading() as tx:
        return (
            set(tx.execute(text("SELECT word FROM name_word")).scalars()),
            set(tx.execute(text("SELECT word FROM word_ending")).scalars()),
        )


def test_a_new_name_is_found_and_an_old_one_is_not(database: Database) -> None:
    _say(database, a="Johann Smith", b="Mary Smith")
    assert _suggested(database, "jonahn smiht") == ["Johann Smith"]
    _say(database, a="Pierre Dupont")
    assert _suggested(database, "piere dupond") == ["Pierre Dupont"]
    assert _suggested(database, "jonahn") == []
    assert _kept(database) == ({"pierre", "dupont", "mary", "smith"},) * 2
    _say(database, a=None)
    assert _kept(database) == ({"mary", "smith"},) * 2


@pytest.mark.parametrize("typed", ["gunther", "günhter", "gnther krause", "günther kruase", "günther krauße"])
def test_slips_are_forgiven_in_other_letters_too(database: Database, typed: str) -> None:
    _say(database, a="Günther Krause", b="Olga Petrowa")
    assert _suggested(database, typed) == ["Günther Krause"]


def test_two_slips_in_a_long_word_are_forgiven(database: Database) -> None:
    _say(database, a="Konstantinidis", b="Παπαδόπουλος")
    assert _suggested(database, "konstnatimidis") == ["Konstantinidis"]
    assert _suggested(database, "παπαδοπουλος") == ["Παπαδόπουλος"]


def test_ids_one_slip_away_are_found_where_there_is_no_name(database: Database) -> None:
    _say(database, **{"Cust-0042": None, "Cust-0043": "Ann Lee"})
    with database.reading() as tx:
        assert [one.external_id for one in customers.suggest(tx, "CUST-0042", 5)] == []
        assert [one.external_id for one in customers.suggest(tx, "Cust-042", 5)] == ["Cust-0042"]


def test_a_text_within_a_name_is_found_as_a_scan_would(database: Database) -> None:
    chance = random.Random(7)
    syllables = ["an", "na", "a", "le", "e%", "_x", "ß", "nn", "\\"]
    people = {
        number: " ".join(
            "".join(chance.choices(syllables, k=chance.randint(1, 3))) for _ in range(chance.randint(1, 3))
        )
        for number in range(1, 300)
    }
    with database.writing() as tx:
        _add(tx, people)
    with database.reading() as tx:
        for _ in range(150):
            whole = customers.searched(chance.choice(list(people.values())))
            first = chance.randrange(len(whole))
            wanted = customers.searched(whole[first : first + chance.randint(1, 6)])
            held = {number for number, name in people.items() if wanted in customers.searched(name)}
            found = {one.id for one in customers.search(tx, wanted, 1_000)}
            assert found == (held if wanted else set()), wanted


def test_what_many_names_hold_is_found_too(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.writing() as tx:
        _add(tx, {number: f"Ann{number % 9} Leeds" for number in range(1, 60)})
    monkeypatch.setattr(names, "_MOST_HOLDING", 10)
    monkeypatch.setattr(names, "_MOST_ENDINGS", 5)
    with database.reading() as tx:
        assert names.holding(tx, "n") is None
        assert names.holding(tx, "eed") is None
        assert names.holding(tx, "n3 lee") == [3, 12, 21, 30, 39, 48, 57]
        assert [one.id for one in customers.search(tx, "eed", 3)] == [9, 18, 27]
        assert customers.search(tx, "zeed", 3) == []


def test_two_common_words_find_who_bears_both(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    people = {number: f"John {chr(97 + number % 20)}" for number in range(1, 50)}
    people |= {number: f"Mia{chr(97 + number % 20)} Smith" for number in range(50, 90)}
    with database.writing() as tx:
        _add(tx, people | {95: "John Smith"})
    monkeypatch.setattr(names, "_MOST_OF_WORD", 5)
    with database.reading() as tx:
        assert customers.suggest(tx, "jonh smiht", 1)[0].name == "John Smith"


def test_variants_are_one_slip_away() -> None:
    made = names.variants("ab")
    assert {"ab", "a", "b", "ba", "xb", "ax", "xab", "axb", "abx"} <= made
    assert "" not in made
    assert max(map(len, made)) == 3
    assert names.variants("x" * 100) == {"x" * 100}


def test_the_migration_notes_the_names_that_are_there(database: Database) -> None:
    with database.writing() as tx:
        _add(tx, {1: "Ann Lee", 2: "Bob Leeds"})
        before = [
            tx.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).all()
            for name in ("name_word", "word_ending")
        ]
        tx.execute(text("DELETE FROM name_word"))
        tx.execute(text("DELETE FROM word_ending"))
        scripts = schema._scripts(schema._config())
        scripts.get_revision("0005").module._fill(tx.connection)
        after = [
            tx.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2")).all()
            for name in ("name_word", "word_ending")
        ]
    assert after == before
    assert len(before[0]) == 4
