"""carrying messages: what goes first, looks in history, messages that were deleted and posted anew

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('outbox', sa.Column('priority', sa.Integer(), nullable=False, server_default='1'))
    op.execute(
        "UPDATE outbox SET priority = CASE WHEN urgent THEN 0 "
        "WHEN subject IN ('digest', 'notice') OR (subject = 'steps' AND alert_id IS NULL) THEN 2 ELSE 1 END "
        "WHERE state IN ('forming', 'pending', 'sending', 'unknown')"
    )
    op.drop_column('outbox', 'urgent')
    op.add_column('outbox', sa.Column('unclear', sa.Boolean(), nullable=False, server_default=sa.false()))
    # Of what is on its way now nobody noted whether an attempt ended unclear.
    op.execute(
        "UPDATE outbox SET unclear = (1 = 1) "
        "WHERE attempts > 1 AND state IN ('forming', 'pending', 'sending', 'unknown')"
    )
    op.add_column('outbox', sa.Column('looks', sa.Integer(), nullable=False, server_default='0'))
    op.add_column('outbox', sa.Column('unread_since', sa.BigInteger(), nullable=True))
    op.add_column('outbox', sa.Column('stuck', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('outbox', sa.Column('gone', sa.Text(), nullable=False, server_default=''))


def downgrade() -> None:
    op.add_column('outbox', sa.Column('urgent', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE outbox SET urgent = (priority = 0)")
    for name in ('gone', 'stuck', 'unread_since', 'looks', 'unclear', 'priority'):
        op.drop_column('outbox', name)
