"""what keeps alerts quiet, where they are told, and what people think of them

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('alert', sa.Column('snoozed_at', sa.BigInteger(), nullable=True))
    op.add_column('alert', sa.Column('snooze_reason', sa.Text(), nullable=True))
    op.add_column('alert', sa.Column('worse_than', sa.Text(), nullable=True))
    op.create_index(
        'alert_until_worse',
        'alert',
        ['id'],
        unique=False,
        sqlite_where=sa.text('worse_than IS NOT NULL'),
        postgresql_where=sa.text('worse_than IS NOT NULL'),
    )
    op.create_table('silence',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('condition', sa.Text(), nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('ended_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('route',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('condition', sa.Text(), nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=True),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('removed_at', sa.BigInteger(), nullable=True),
    sa.Column('removed_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index(
        'route_by_name',
        'route',
        ['name'],
        unique=True,
        sqlite_where=sa.text('removed_at IS NULL'),
        postgresql_where=sa.text('removed_at IS NULL'),
    )
    op.create_table('thread',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('root', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'day'),
    sqlite_with_rowid=False
    )
    op.create_table('vote',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('alert_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('voter', sa.Text(), nullable=False),
    sa.Column('rule_id', sa.Integer(), nullable=False),
    sa.Column('useful', sa.Boolean(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'alert_id', 'voter'),
    sqlite_with_rowid=False
    )
    op.create_table('promise',
    sa.Column('rule_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('messages', sa.Integer(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('rule_id', 'version'),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    for name in ('promise', 'vote', 'thread', 'route', 'silence'):
        op.drop_table(name)
    op.drop_index('alert_until_worse', table_name='alert')
    for name in ('worse_than', 'snooze_reason', 'snoozed_at'):
        op.drop_column('alert', name)
