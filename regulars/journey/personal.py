"""What the journey holds of people: that a customer record passed a touchpoint, and when."""

from django.utils.translation import gettext_lazy as _

from regulars.core.holdings import Holding, hold, impersonal

hold(
    Holding(
        "journey_passage",
        _("Passages"),
        shows="""SELECT passage.at, touchpoint.name AS touchpoint, store.name AS store
            FROM journey_passage passage JOIN journey_touchpoint touchpoint
                ON touchpoint.id = passage.touchpoint_id
            LEFT JOIN company_store store ON store.id = passage.store_id
            WHERE passage.customer_id = ANY(%(ids)s) ORDER BY passage.at, passage.id""",
        mentions=("cause",),
    ),
)
impersonal("the map of the journey", "journey_stage", "journey_touchpoint", "journey_targetmodel")
