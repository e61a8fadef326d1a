"""sweeps by what changed: timers, running values, and where each rule stands

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('timer',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('rule_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'rule_id'),
    sqlite_with_rowid=False
    )
    op.create_index('timer_due', 'timer', ['rule_id', 'at'], unique=False)
    op.create_table('running',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('selection', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('amounts', sa.BigInteger(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('first_at', sa.BigInteger(), nullable=True),
    sa.Column('last_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('customer_id', 'kind', 'selection', 'at'),
    sqlite_with_rowid=False
    )
    op.create_table('job',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('done_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    # Marks of an older program do not say when: everything of theirs counts as touched.
    op.add_column('dirty', sa.Column('since', sa.BigInteger(), nullable=True))
    op.add_column('rule', sa.Column('settled_at', sa.BigInteger(), nullable=True))
    op.add_column('rule', sa.Column('basis', sa.Text(), nullable=True))
    op.add_column('rule', sa.Column('matched', sa.BigInteger(), server_default='0', nullable=False))
    op.execute(
        'UPDATE rule SET matched = (SELECT count(*) FROM "match" WHERE "match".rule_id = rule.id) '
        "WHERE state <> 'removed'"
    )
    op.create_index(
        'match_held', 'match', ['rule_id', 'held_until'], unique=False,
        sqlite_where=sa.text('held_until IS NOT NULL'), postgresql_where=sa.text('held_until IS NOT NULL'),
    )


def downgrade() -> None:
    raise NotImplementedError("the values of a sweep are not given back; restore a backup instead")
