"""What addresses of pages name."""

from django.http import Http404

from regulars.loyalty.models import Program


def program_of(code: str) -> Program:
    """The program of an address, or 404."""
    program = Program.objects.filter(code=code).first()
    if program is None:
        raise Http404
    return program
