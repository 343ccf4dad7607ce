"""The pages of access: the lists, one account, a person's tab, merging."""

from app.access import pages_list, pages_merging, pages_person, pages_record
from app.web.router import Router

router = Router()
router.include_router(pages_list.router)
router.include_router(pages_record.router)
router.include_router(pages_person.router)
router.include_router(pages_merging.router)
