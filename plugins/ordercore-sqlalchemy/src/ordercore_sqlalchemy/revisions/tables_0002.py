"""The tables of ordercore, version 2: the function that commits, on PostgreSQL."""

from alembic import op

from ordercore_sqlalchemy.alembic import downgrade as back
from ordercore_sqlalchemy.alembic import upgrade as bring

revision = "ordercore_0002"
down_revision = "ordercore_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bring(op, 2, since=1)


def downgrade() -> None:
    back(op, 1, since=2)
