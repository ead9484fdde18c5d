"""What other programs ask of connectors: imports of files, and what sources of events send."""

from ninja import Router

from regulars.connectors.api import collecting, imports, webhooks

router = Router()
router.add_router("", imports.router)
router.add_router("", collecting.router)
router.add_router("", webhooks.router)
