"""What other systems ask of metrics and segments."""

from ninja import Router

from regulars.insight.api import metrics, reach, scores, segments

router = Router()
router.add_router("", metrics.router)
router.add_router("", segments.router)
router.add_router("", reach.router)
router.add_router("", scores.router)
