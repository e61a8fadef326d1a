"""the definitions of the life cycle

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('lifecycle_version',
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('did', sa.Text(), nullable=False),
    sa.Column('definitions', sa.Text(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('diff', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('version')
    )
    op.create_index(op.f('ix_lifecycle_version_at'), 'lifecycle_version', ['at'], unique=False)
    op.create_table('definition_version',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('lifecycle', sa.Integer(), nullable=False),
    sa.Column('condition', sa.Text(), nullable=True),
    sa.Column('diff', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'version'),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('definition_version')
    op.drop_index(op.f('ix_lifecycle_version_at'), table_name='lifecycle_version')
    op.drop_table('lifecycle_version')
