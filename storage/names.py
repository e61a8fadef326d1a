"""The words of customers' names: which customers a text may mean, without reading every name.

Owns the tables ``name_word`` and ``word_ending``. It knows names as `storage.customers` searches them (normalised,
casefolded, words apart by one space); it must not know what else a customer is. Answers are candidates: whoever asks
compares the names themselves.
"""

import string
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rapidfuzz import fuzz, process
from sqlalchemy import Column, Integer, PrimaryKeyConstraint, Text, TextClause, text
from sqlalchemy.dialects.postgresql import TEXT
from sqlmodel import Field, SQLModel

from storage.database import Transaction
from storage.sets import Columns, given, insert_new, table

ALIKE: Final = 70.0
"""From 0 to 100: how alike a word of a name must be to one that was typed, or a name of two letters would be like any."""
LONGEST_VARIED: Final = 32
"""Characters of a word whose misspellings are thought of."""
_ENDING: Final = 24
"""Characters of an ending that are kept: enough to find it by; the name itself is compared."""
_MOST_WORDS: Final = 6
"""Typed words that are looked at."""
_MOST_ENDINGS: Final = 1_000
_NEAR_WORDS: Final = 6
_MOST_OF_WORD: Final = 400
_MOST_PAIRS: Final = 300
_MOST_NEAR: Final = 500
_MOST_HOLDING: Final = 20_000
_LAST: Final = "\U0010ffff"
_LOCK: Final = 0x5741524F
"""The advisory lock, on PostgreSQL, of those who change words; whoever takes some away is alone."""

_Compared = Text().with_variant(TEXT(collation="C"), "postgresql")


class NameWord(SQLModel, table=True):
    """One word of a customer's name."""

    __tablename__ = "name_word"
    __table_args__ = (PrimaryKeyConstraint("word", "customer_id"), {"sqlite_with_rowid": False})

    word: str = Field(sa_column=Column(_Compared, nullable=False))
    customer_id: int = Field(sa_column=Column(Integer, nullable=False, autoincrement=False))


class WordEnding(SQLModel, table=True):
    """One ending of a word that stands in any name: a text within a word is the beginning of an ending."""

    __tablename__ = "word_ending"
    __table_args__ = (PrimaryKeyConstraint("ending", "word"), {"sqlite_with_rowid": False})

    ending: str = Field(sa_column=Column(_Compared, nullable=False))
    word: str = Field(sa_column=Column(_Compared, nullable=False))


_WORD: Final[Columns] = (("word", "text"), ("customer_id", "int"))
_PAIR: Final[Columns] = (("ending", "text"), ("word", "text"))
_ONE: Final[Columns] = (("word", "text"),)


def note(tx: Transaction, changes: Iterable[tuple[int, str, str]]) -> None:
    """Note changed names, each as (customer id, as it was searched before, as it is from now on)."""
    gone: list[tuple[str, int]] = []
    come: list[tuple[str, int]] = []
    for customer_id, before, after in changes:
        old, new = set(before.split()), set(after.split())
        gone += [(word, customer_id) for word in old - new]
        come += [(word, customer_id) for word in new - old]
    if not gone and not come:
        return
    if tx.dialect == "postgresql":
        # Whoever takes the last of a word away must see who brings it back.
        tx.execute(_ALONE if gone else _TOGETHER, {"n": _LOCK})
    if gone:
        _forget(tx, sorted(gone))
    insert_new(tx, "name_word", _WORD, sorted(come), key=2)
    unheard = _without_endings(tx, {word for word, _ in come})
    insert_new(tx, "word_ending", _PAIR, sorted(_endings(unheard)), key=2)


_ALONE: Final = text("SELECT pg_advisory_xact_lock(:n)")
_TOGETHER: Final = text("SELECT pg_advisory_xact_lock_shared(:n)")


def _forget(tx: Transaction, gone: Sequence[tuple[str, int]]) -> None:
    sql = (
        "DELETE FROM name_word WHERE (word, customer_id) IN "  # noqa: S608
        f"(SELECT word, customer_id FROM {table(tx.dialect, _WORD)})"
    )
    tx.execute(given(tx.dialect, sql, _WORD, gone))
    # A word that nobody bears any more is not kept: it was somebody's name.
    sql = (
        "DELETE FROM word_ending WHERE (ending, word) IN "  # noqa: S608
        f"(SELECT ending, word FROM {table(tx.dialect, _PAIR)}) "
        "AND NOT EXISTS (SELECT 1 FROM name_word WHERE name_word.word = word_ending.word)"
    )
    tx.execute(given(tx.dialect, sql, _PAIR, sorted(_endings({word for word, _ in gone}))))


def _endings(words: Iterable[str]) -> set[tuple[str, str]]:
    return {(word[first : first + _ENDING], word) for word in words for first in range(len(word))}


def _without_endings(tx: Transaction, words: set[str]) -> set[str]:
    """Give those of ``words`` whose endings are not kept yet; the whole word is its own first."""
    sql = (
        f"SELECT given.word FROM {table(tx.dialect, _PAIR)} CROSS JOIN word_ending "  # noqa: S608
        "WHERE word_ending.ending = given.ending AND word_ending.word = given.word"
    )
    rows = [(word[:_ENDING], word) for word in sorted(words)]
    return words - set(tx.execute(given(tx.dialect, sql, _PAIR, rows)).scalars())


def holding(tx: Transaction, wanted: str) -> list[int] | None:
    """Give the ids, ascending, of all whose name may hold ``wanted`` anywhere; None where they are too many to list."""
    parts = wanted.split(" ")
    found: set[int] | None = None
    for number, part in enumerate(parts):
        some = _bearers(tx, part, begins=number > 0, ends=number < len(parts) - 1)
        if some is not None:
            found = some if found is None else found & some
            if not found:
                return []
    return None if found is None else sorted(found)


def _bearers(tx: Transaction, part: str, *, begins: bool, ends: bool) -> set[int] | None:
    """Give all with a word that holds ``part``: at its beginning, its end, both or anywhere; None for too many."""
    values = {"part": part, "last": part + _LAST, "n": _MOST_HOLDING + 1}
    if begins:
        rows = tx.execute(_SAME if ends else _BEGINNING, values).scalars().all()
        return None if len(rows) > _MOST_HOLDING else set(rows)
    kept = part[:_ENDING]
    statement = _ENDS if ends and len(part) <= _ENDING else _HOLDS
    words = (
        tx.execute(statement, {"part": kept, "last": kept + _LAST, "n": _MOST_ENDINGS + 1}).scalars().all()
    )
    if len(words) > _MOST_ENDINGS:
        return None
    sql = (
        f"SELECT name_word.customer_id FROM {table(tx.dialect, _ONE)} CROSS JOIN name_word "  # noqa: S608
        f"WHERE name_word.word = given.word LIMIT {_MOST_HOLDING + 1}"
    )
    rows = tx.execute(given(tx.dialect, sql, _ONE, [(word,) for word in sorted(set(words))])).scalars().all()
    return None if len(rows) > _MOST_HOLDING else set(rows)


_SAME: Final = text("SELECT customer_id FROM name_word WHERE word = :part LIMIT :n")
_BEGINNING: Final = text("SELECT customer_id FROM name_word WHERE word >= :part AND word < :last LIMIT :n")
_ENDS: Final = text("SELECT word FROM word_ending WHERE ending = :part ORDER BY word LIMIT :n")
_HOLDS: Final = text(
    "SELECT word FROM word_ending WHERE ending >= :part AND ending < :last ORDER BY ending, word LIMIT :n"
)


def near(tx: Transaction, wanted: str) -> list[int]:
    """Give ids of customers whose names have words like those of ``wanted``: those with most of them first, then by id.

    Of a word as common as a first name the first few hundred bearers stand for all, but for those who bear another
    typed word too.
    """
    typed = [_near_words(tx, word) for word in dict.fromkeys(wanted.split()[:_MOST_WORDS])]
    words = sorted({word for some in typed for word in some})
    if not words:
        return []
    bearers: dict[str, set[int]] = {word: set() for word in words}
    values: dict[str, int | str] = {f"word_{number}": word for number, word in enumerate(words)}
    for word, customer_id in tx.execute(_bearers_of(len(words)), {**values, "n": _MOST_OF_WORD}).all():
        bearers[word].add(customer_id)
    matched = Counter(
        customer_id for some in typed for customer_id in set().union(*(bearers[word] for word in some))
    )
    # The likest of two words together, where not all their bearers were read: begun from the rarer one.
    for pair in pairwise(some[0] for some in typed if some):
        rarer, other = sorted(pair, key=lambda word: len(bearers[word]))
        if len(bearers[other]) == _MOST_OF_WORD:
            both = tx.execute(_PAIR_OF, {"one": rarer, "other": other, "n": _MOST_PAIRS}).scalars()
            matched.update(dict.fromkeys(both, len(typed)))
    ranked = sorted(matched, key=lambda customer_id: (-matched[customer_id], customer_id))
    return ranked[:_MOST_NEAR]


_PAIR_OF: Final = text(
    "SELECT a.customer_id FROM name_word a JOIN name_word b ON b.word = :other AND b.customer_id = a.customer_id "
    "WHERE a.word = :one ORDER BY a.customer_id LIMIT :n"
)


@lru_cache(maxsize=_MOST_WORDS * _NEAR_WORDS)
def _bearers_of(n: int) -> TextClause:
    return text(
        " UNION ALL ".join(
            f"SELECT * FROM (SELECT word, customer_id FROM name_word WHERE word = :word_{number} "  # noqa: S608
            f"ORDER BY customer_id LIMIT :n) AS some_{number}"
            for number in range(n)
        )
    )


def _near_words(tx: Transaction, word: str) -> list[str]:
    """Give the words of names that are like ``word``, the likest first.

    Looked for among all that one mistyped letter away, and those that share its beginning or its end.
    """
    sql = (
        f"SELECT given.word FROM {table(tx.dialect, _ONE)} "  # noqa: S608
        "WHERE EXISTS (SELECT 1 FROM name_word WHERE name_word.word = given.word)"
    )
    rows = [(one,) for one in sorted(variants(word))]
    found = set(tx.execute(given(tx.dialect, sql, _ONE, rows)).scalars())
    shared = 3 if len(word) < 7 else 4
    if len(word) >= shared:
        values = {"part": word[:shared], "last": word[:shared] + _LAST, "n": _MOST_ENDINGS}
        found |= set(tx.execute(_HOLDS, values).scalars())
        found |= set(tx.execute(_ENDS, {"part": word[-shared:], "n": _MOST_ENDINGS}).scalars())
    alike = process.extract(
        word, sorted(found), scorer=fuzz.ratio, processor=None, score_cutoff=ALIKE, limit=_NEAR_WORDS
    )
    return [one for one, _, _ in alike]


def variants(word: str) -> set[str]:
    """Give ``word`` and every text that one slip away: a letter left out, put in, another, or two the wrong way round.

    The letters put in are those of the word, their neighbours in Unicode, and those of ASCII.
    """
    if len(word) > LONGEST_VARIED:
        return {word}
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = _letters(word)
    return {
        word,
        *(left + right[1:] for left, right in parts if right),
        *(left + right[1] + right[0] + right[2:] for left, right in parts if len(right) > 1),
        *(left + letter + right[1:] for left, right in parts if right for letter in letters),
        *(left + letter + right for left, right in parts for letter in letters),
    } - {""}


def _letters(word: str) -> set[str]:
    letters = set(string.ascii_lowercase + string.digits) | set(word)
    for letter in word:
        # Alphabets stand together in Unicode; scripts of thousands of signs are not gone through.
        if "\x7f" < letter < "\u2e80":
            block = ord(letter) & ~31
            letters |= {chr(code) for code in range(block, block + 32) if chr(code).isalpha()}
    return letters
