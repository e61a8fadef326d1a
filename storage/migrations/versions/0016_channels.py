"""channels have settings, names and digests

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('channel_setting',
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('settings', sa.Text(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('place')
    )
    op.create_table('channel_name',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_index('ix_channel_name_channel', 'channel_name', ['channel'], unique=False)
    op.create_table('digest',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('slot', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('root', sa.BigInteger(), nullable=True),
    sa.Column('passed', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'slot'),
    sqlite_with_rowid=False
    )
    op.create_index('ix_digest_root', 'digest', ['root'], unique=False)
    op.create_table('digest_listed',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('alert_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('root', sa.BigInteger(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'alert_id'),
    sqlite_with_rowid=False
    )
    op.create_index('ix_digest_listed_root', 'digest_listed', ['root'], unique=False)
    op.create_index(
        'alert_passed',
        'alert',
        ['resolved_at'],
        unique=False,
        sqlite_where=sa.text("root IS NULL AND state = 'resolved'"),
        postgresql_where=sa.text("root IS NULL AND state = 'resolved'"),
    )


def downgrade() -> None:
    op.drop_index('alert_passed', table_name='alert')
    op.drop_table('digest_listed')
    op.drop_table('digest')
    op.drop_table('channel_name')
    op.drop_table('channel_setting')
