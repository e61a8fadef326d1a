"""when a rule tells of its alerts, and whom: lengths of time, escalation, what it hides

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('pending', 'keep', 'remind'):
        op.add_column('rule_version', sa.Column(name, sa.BigInteger(), nullable=False, server_default='0'))
    for name, usual in (('escalate', ''), ('hides', ''), ('unreadable', 'repeat')):
        op.add_column('rule_version', sa.Column(name, sa.Text(), nullable=False, server_default=usual))


def downgrade() -> None:
    for name in ('unreadable', 'hides', 'escalate', 'remind', 'keep', 'pending'):
        op.drop_column('rule_version', name)
