"""What other systems ask of customers, and tell of them."""

from ninja import Router

from regulars.customers.api import beliefs, consents, matches, people, privacy, tracked

router = Router()
router.add_router("", beliefs.router)
router.add_router("", consents.router)
router.add_router("", matches.router)
router.add_router("", people.router)
router.add_router("", privacy.router)
router.add_router("", tracked.router)
