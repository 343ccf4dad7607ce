"""How events read: one short sentence an action, and words for outcomes and methods."""

from app.core.audit import Event

OUTCOMES = {"success": "Succeeded", "failure": "Failed", "refused": "Refused"}
METHODS = {
    "password": "Password",
    "totp": "Authenticator code",
    "recovery_code": "Recovery code",
    "setup_link": "Set-up link",
    "session": "Session",
    "api_key": "API key",
}


def action_label(action: str) -> str:
    """``person.left`` → "Person left"; kept mechanical, so that no event can be without words."""
    return _WORDS.get(action) or action.replace(".", " ").replace("_", " ").capitalize()


_WORDS: dict[str, str] = {
    Event.API_KEY_CREATED: "API key created",
    Event.API_KEY_REVOKED: "API key revoked",
    Event.SIGN_IN_ATTEMPT: "Sign-in attempt",
    Event.MFA_ATTEMPT: "Second factor",
    Event.STEP_UP: "Confirmed identity",
    Event.SIGNED_OUT: "Signed out",
    Event.SET_UP: "Set-up completed",
    Event.SET_UP_LINK_ISSUED: "Set-up link issued",
    Event.SET_UP_LINK_USED: "Set-up link used",
    Event.PRIVILEGED_GRANTED: "Privileged access granted",
    Event.TOTP_ENROLLED: "Authenticator enrolled",
}
