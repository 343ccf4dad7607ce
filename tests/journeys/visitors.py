"""People who use the product in a browser: what they know and hold, and how they come in and leave."""

import time
from dataclasses import dataclass, field

import pyotp
from playwright.sync_api import Page, expect

STEP = 30


class Authenticator:
    """An authenticator app. A code works once: it gives the oldest one that still may, and waits where there is none."""

    def __init__(self, seed: str) -> None:
        self._maker = pyotp.TOTP(seed)
        self._spent = 0

    def code(self) -> str:
        """A code that was not given before; the server forgives one step of skew either way."""
        while self._spent > _now():
            time.sleep(0.2)
        self._spent = max(self._spent + 1, _now() - 1)
        return self._maker.generate_otp(self._spent)

    def wrong_code(self) -> str:
        """Six digits that are no code of this authenticator near now."""
        near = {self._maker.generate_otp(_now() + skew) for skew in range(-2, 3)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


@dataclass
class Visitor:
    """Somebody with an address and a password, and what they get once they are in."""

    name: str
    email: str
    password: str = field(default="Quiet-lamp-orchard-71", repr=False)
    authenticator: Authenticator | None = field(default=None, repr=False)
    recovery_codes: list[str] = field(default_factory=list, repr=False)

    def code(self) -> str:
        assert self.authenticator is not None, f"{self.name} has no authenticator yet"
        return self.authenticator.code()


def enrol(page: Page, visitor: Visitor) -> None:
    """Add an authenticator by the key that the page shows, and store the recovery codes."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Add an authenticator app")
    expect(page.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    visitor.authenticator = Authenticator(page.locator("main code").inner_text().replace(" ", ""))
    give_code(page, visitor.authenticator.wrong_code(), "Confirm")
    expect(page.locator(".error-summary")).to_contain_text("That code is not right")
    give_code(page, visitor.code(), "Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("Store your recovery codes")
    visitor.recovery_codes = page.get_by_role("list", name="Recovery codes").locator("code").all_inner_texts()
    assert len(set(visitor.recovery_codes)) == 10
    page.get_by_role("link", name="I have stored them").click()


def accept_invitation(page: Page, link: str, visitor: Visitor) -> None:
    """Come in by an invitation link: a password, an authenticator, recovery codes."""
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a password")
    page.get_by_label("New password", exact=True).fill(visitor.password)
    page.get_by_role("button", name="Continue").click()
    enrol(page, visitor)


def give_password(page: Page, visitor: Visitor) -> None:
    """The first step of signing in, on the page where it is."""
    page.get_by_label("E-mail address").fill(visitor.email)
    page.get_by_label("Password", exact=True).fill(visitor.password)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enter your code")


def give_code(page: Page, code: str, button: str) -> None:
    page.get_by_label("Code from your authenticator app").fill(code)
    page.get_by_role("button", name=button).click()


def sign_in(page: Page, origin: str, visitor: Visitor) -> None:
    page.goto(f"{origin}/sign-in")
    give_password(page, visitor)
    give_code(page, visitor.code(), "Sign in")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def _now() -> int:
    return int(time.time()) // STEP
