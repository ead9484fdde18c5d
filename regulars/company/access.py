"""Permissions of employees, from their role."""

from typing import Any

from django.contrib.auth.backends import BaseBackend

from regulars.company.models import Employee
from regulars.company.rules import role_allows


class RoleBackend(BaseBackend):
    """Answers `has_perm` from the role alone; passwords are another backend's business."""

    def get_user(self, user_id: Any) -> Employee | None:
        """The employee of a session, as long as they are active."""
        return Employee.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return (
            isinstance(user_obj, Employee)
            and user_obj.is_active
            and role_allows(user_obj.role, perm)
        )
