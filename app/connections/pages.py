"""The HTML routes of this room, in the order in which they are tried."""

from app.connections import pages_connection, pages_imports, pages_list
from app.web.router import Router

router = Router()
router.include_router(pages_list.router)
router.include_router(pages_imports.router)
router.include_router(pages_connection.router)
