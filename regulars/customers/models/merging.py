"""The merge ledger: which records were held to be one person, when and why; never edited."""

from django.db import models
from django.db.models import F, Q

from regulars.company.models import Employee
from regulars.core.models import Record
from regulars.customers.models.people import Customer


class Merging(Record):
    """One record was merged into the leading record of a person, or parted from it again.

    `reason` is a code of `rules.merging`; `by` is the employee who decided, where one did.
    """

    kind = models.CharField(max_length=10)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=30)
    by = models.ForeignKey(Employee, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="an_entry_merges_or_parts",
                condition=Q(kind="merge", undoes__isnull=True)
                | Q(kind="unmerge", undoes__isnull=False),
            ),
            models.CheckConstraint(name="merged_records_are_two", condition=~Q(customer=F("lead"))),
        )
        indexes = (
            models.Index(fields=("customer", "id"), name="merging_by_customer"),
            models.Index(fields=("lead", "id"), name="merging_by_lead"),
        )
