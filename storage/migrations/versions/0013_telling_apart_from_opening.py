"""alerts are told after they open: what holds them back, and the attention that channels have given

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa

from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.add_column(sa.Column('held_by', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('look_again_at', sa.BigInteger(), nullable=True))
        batch_op.alter_column('root', existing_type=sa.BigInteger(), nullable=True)
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.create_index(
            'alert_untold',
            ['look_again_at'],
            unique=False,
            sqlite_where=sa.text("root IS NULL AND state <> 'resolved'"),
            postgresql_where=sa.text("root IS NULL AND state <> 'resolved'"),
        )
    op.create_table('suppression',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('alert_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=True),
    sa.Column('actor', sa.Text(), nullable=True),
    sa.Column('held_for', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'alert_id', 'seq'),
    sqlite_with_rowid=False
    )
    op.create_table('attention',
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('alerts', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'day'),
    sqlite_with_rowid=False
    )
    op.execute("UPDATE outbox SET subject = 'group' WHERE subject = 'digest'")


def downgrade() -> None:
    op.execute("UPDATE outbox SET subject = 'digest' WHERE subject = 'group'")
    op.drop_table('attention')
    op.drop_table('suppression')
    op.drop_index('alert_untold', table_name='alert')
    op.execute("DELETE FROM alert WHERE root IS NULL")
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.alter_column('root', existing_type=sa.BigInteger(), nullable=False)
        batch_op.drop_column('look_again_at')
        batch_op.drop_column('held_by')
