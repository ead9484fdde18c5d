"""What tills, shops and other systems ask of loyalty."""

from ninja import Router

from regulars.loyalty.api import members, purchases

router = Router()
router.add_router("", purchases.router)
router.add_router("", members.router)
