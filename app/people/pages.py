"""The pages of people: the list, the forms, one person. What names a page comes before what could be an id."""

from app.people import pages_forms, pages_list, pages_record
from app.web.router import Router

router = Router()
router.include_router(pages_list.router)
router.include_router(pages_forms.router)
router.include_router(pages_record.router)
