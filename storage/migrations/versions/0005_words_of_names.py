"""the words of names, to search by

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_BATCH = 10_000
_ENDING = 24


def upgrade() -> None:
    compared = sa.Text().with_variant(postgresql.TEXT(collation='C'), 'postgresql')
    op.create_table('name_word',
    sa.Column('word', compared, nullable=False),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('word', 'customer_id'),
    sqlite_with_rowid=False
    )
    op.create_table('word_ending',
    sa.Column('ending', compared, nullable=False),
    sa.Column('word', compared, nullable=False),
    sa.PrimaryKeyConstraint('ending', 'word'),
    sqlite_with_rowid=False
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Note the words of the names that are there, as intake notes those that come."""
    last = -1
    while rows := connection.execute(
        sa.text("SELECT id, search_name FROM customer WHERE id > :last ORDER BY id LIMIT :n"),
        {"last": last, "n": _BATCH},
    ).all():
        last = rows[-1][0]
        words = sorted({(word, row[0]) for row in rows for word in row[1].split()})
        if not words:
            continue
        connection.execute(
            sa.text("INSERT INTO name_word (word, customer_id) VALUES (:word, :id)"),
            [{"word": word, "id": customer_id} for word, customer_id in words],
        )
        endings = {
            (word[first : first + _ENDING], word) for word, _ in words for first in range(len(word))
        }
        connection.execute(
            sa.text("INSERT INTO word_ending (ending, word) VALUES (:ending, :word) ON CONFLICT DO NOTHING"),
            [{"ending": ending, "word": word} for ending, word in sorted(endings)],
        )


def downgrade() -> None:
    op.drop_table('word_ending')
    op.drop_table('name_word')
