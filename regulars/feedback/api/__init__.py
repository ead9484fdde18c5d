"""What other systems do with feedback: surveys and answers, and who is asked."""

from ninja import Router

from regulars.feedback.api import (
    calls,
    drivers,
    files,
    following,
    plans,
    popups,
    sharing,
    sittings,
    surveys,
    themes,
)

router = Router()
router.add_router("", surveys.router)
router.add_router("", sittings.router)
router.add_router("", drivers.router)
router.add_router("", files.router)
router.add_router("", plans.router)
router.add_router("", calls.router)
router.add_router("", following.router)
router.add_router("", themes.router)
router.add_router("", popups.router)
router.add_router("", sharing.router)
