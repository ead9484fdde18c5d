"""What imports keep: batches of files, their errors, and mappings worth remembering."""

from django.db import models
from django.db.models import Q

from regulars.company.models import Employee
from regulars.core.models import Record, Work


class Batch(Record):
    """One file on its way in: what it is, how it is read, how far it is, what became of it."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=50)
    target = models.CharField(max_length=50)
    source = models.CharField(max_length=50)
    path = models.CharField(max_length=300, help_text="of the file, inside the media folder")
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    headers = models.JSONField(default=list)
    settings = models.JSONField(default=dict, help_text="encoding, delimiter, sheet")
    habits = models.JSONField(default=dict, help_text="order of day and month, decimal mark")
    mapping = models.JSONField(default=dict, help_text="header by field")
    work = models.ForeignKey(Work, models.PROTECT, related_name="+")
    undo = models.ForeignKey(Work, models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(Employee, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    rows_found = models.BigIntegerField(default=0)
    units_found = models.BigIntegerField(default=0)
    units_created = models.BigIntegerField(default=0)
    units_known = models.BigIntegerField(default=0)
    units_refused = models.BigIntegerField(default=0)
    units_undone = models.BigIntegerField(default=0)
    units_kept = models.BigIntegerField(default=0)
    errors_found = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="batch_counts_are_not_negative",
                condition=Q(units_created__gte=0, units_known__gte=0, units_refused__gte=0),
            ),
        )
        indexes = (
            models.Index(fields=("-created_at",), name="batch_by_age"),
            models.Index(fields=("sha256",), name="batch_by_content"),
        )

    def __str__(self) -> str:
        return self.name


class RowError(Record):
    """What is wrong with one line of a file; the first ten thousand of a batch are kept."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="+")
    line = models.BigIntegerField()
    column = models.CharField(max_length=100, default="", blank=True)
    value = models.CharField(max_length=200, default="", blank=True)
    reason = models.CharField(max_length=50)

    class Meta:
        indexes = (models.Index(fields=("batch", "line"), name="row_error_by_line"),)


class RememberedMapping(Record):
    """How files with this header were mapped the last time."""

    target = models.CharField(max_length=50)
    fingerprint = models.CharField(max_length=64)
    mapping = models.JSONField()
    used_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="a_header_is_mapped_one_way", fields=("target", "fingerprint")
            ),
        )


class Made(Record):
    """A row that an import made, where the row itself cannot name its import; undo needs it."""

    work = models.ForeignKey(Work, models.PROTECT, related_name="+")
    row_id = models.BigIntegerField()
