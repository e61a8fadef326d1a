"""alerts wait, are kept open, remind and escalate; sources have a rhythm

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa

from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('match', schema=None) as batch_op:
        batch_op.add_column(sa.Column('held_for', sa.Text(), nullable=True))
    with op.batch_alter_table('alert', schema=None) as batch_op:
        batch_op.add_column(sa.Column('leaving_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('nag_from', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('next_nag_at', sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column('reminded', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('escalated', sa.Integer(), server_default='0', nullable=False))
    for name, column in (('alert_leaving', 'leaving_at'), ('alert_to_nag', 'next_nag_at')):
        op.create_index(
            name,
            'alert',
            [column],
            unique=False,
            sqlite_where=sa.text(f'{column} IS NOT NULL'),
            postgresql_where=sa.text(f'{column} IS NOT NULL'),
        )
    op.create_index(
        'outbox_escalation',
        'outbox',
        ['alert_id'],
        unique=False,
        sqlite_where=sa.text("subject = 'escalation' AND call = 'post'"),
        postgresql_where=sa.text("subject = 'escalation' AND call = 'post'"),
    )
    op.create_table('source',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('said', sa.BigInteger(), nullable=True),
    sa.Column('learned', sa.BigInteger(), nullable=True),
    sa.Column('learned_at', sa.BigInteger(), nullable=True),
    sa.Column('stale_since', sa.BigInteger(), nullable=True),
    sa.Column('back_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('source'),
    sqlite_with_rowid=False
    )
    op.create_table('source_kind',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'kind'),
    sqlite_with_rowid=False
    )
    op.execute('INSERT INTO source (source) SELECT DISTINCT source FROM arrival')


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE subject = 'escalation'")
    op.drop_table('source_kind')
    op.drop_table('source')
    op.drop_index('outbox_escalation', table_name='outbox')
    op.drop_index('alert_to_nag', table_name='alert')
    op.drop_index('alert_leaving', table_name='alert')
    with op.batch_alter_table('alert', schema=None) as batch_op:
        for column in ('escalated', 'reminded', 'next_nag_at', 'nag_from', 'leaving_at'):
            batch_op.drop_column(column)
    with op.batch_alter_table('match', schema=None) as batch_op:
        batch_op.drop_column('held_for')
