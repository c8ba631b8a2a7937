"""Count readers whose answers were deleted on request."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the count to studies that exist."""
    op.add_column("study", sa.Column("withdrawn", sa.Integer, nullable=False, server_default="0"))
