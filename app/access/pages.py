"""The pages of access: the lists, one account, a person's tab, merging."""

from fastapi import APIRouter

from app.access import pages_list, pages_merging, pages_person, pages_record

router = APIRouter()
router.include_router(pages_list.router)
router.include_router(pages_record.router)
router.include_router(pages_person.router)
router.include_router(pages_merging.router)
