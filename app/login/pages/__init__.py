"""The pages of signing in, of the first-run set-up, and of settings about users, sessions and keys."""

from app.login.pages.api_keys import router as api_keys
from app.login.pages.invitation import router as invitation
from app.login.pages.security import router as security
from app.login.pages.sessions import router as sessions
from app.login.pages.set_up import router as set_up
from app.login.pages.sign_in import router as sign_in
from app.login.pages.sign_out import router as sign_out
from app.login.pages.step_up import router as step_up
from app.login.pages.user import router as user
from app.login.pages.users import router as users
from app.web.router import Router

router = Router(include_in_schema=False)
for _pages in (sign_in, sign_out, step_up, invitation, set_up, users, user, sessions, api_keys, security):
    router.include_router(_pages)
