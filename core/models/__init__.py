"""Model families, one per file; importing this package registers every builder."""

from core.models import families as families
