"""What loyalty can be asked."""

from regulars.loyalty.queries.auditing import Audit, audit

__all__ = ["Audit", "audit"]
