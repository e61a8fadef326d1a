"""the history of the life cycle

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa

from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('stretch',
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('family', sa.Text(), nullable=False),
    sa.Column('from_day', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('to_day', sa.Integer(), nullable=True),
    sa.Column('label', sa.Text(), nullable=True),
    sa.Column('came_from', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'family', 'from_day'),
    sqlite_with_rowid=False
    )
    op.create_index('stretch_by_day', 'stretch', ['family', 'from_day', 'came_from', 'label'], unique=False)
    op.create_table('late',
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('generation', sa.Integer(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('customer_id', 'generation'),
    sqlite_with_rowid=False
    )
    op.create_table('judged',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('until', sa.BigInteger(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('through', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )


def downgrade() -> None:
    op.drop_table('judged')
    op.drop_table('late')
    op.drop_index('stretch_by_day', table_name='stretch')
    op.drop_table('stretch')
