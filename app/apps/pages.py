"""The pages of apps: the list, the forms, one app. What names a page comes before what could be an id."""

from fastapi import APIRouter

from app.apps import pages_forms, pages_list, pages_record

router = APIRouter()
router.include_router(pages_list.router)
router.include_router(pages_forms.router)
router.include_router(pages_record.router)
