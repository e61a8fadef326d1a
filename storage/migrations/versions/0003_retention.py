"""retention: the horizon, and what is left of pruned events; indexes that its plans lacked

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.drop_index('alert_by_root')
        batch_op.create_index('alert_by_root', ['root', 'id'], unique=False)
        batch_op.create_index('alert_open', ['id', 'rule_id', 'state'], unique=False, sqlite_where=sa.text("state <> 'resolved'"), postgresql_where=sa.text("state <> 'resolved'"))

    op.create_table('horizon',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('through', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('pruned',
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('amounts', sa.BigInteger(), nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=False),
    sa.Column('first_at', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'kind', 'currency'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('pruned', schema=None) as batch_op:
        batch_op.create_index('pruned_by_first', ['kind', 'first_at'], unique=False)
        batch_op.create_index('pruned_by_last', ['kind', 'last_at'], unique=False)


def downgrade() -> None:
    raise NotImplementedError("events that were pruned are gone; restore a backup instead")
