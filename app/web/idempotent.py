"""``Idempotency-Key`` on POST: the same key and body give the same answer once, whatever is repeated or crashes.

The row is inserted first, in the transaction of the change: parallel repeats wait for it, a rollback removes it, a 5xx
stores nothing. Another body under the same key is refused; an answer that held a secret replays as 409.
"""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import sqlalchemy as sa
from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy.dialects.postgresql import insert

from app.core import clock
from app.core.actor import Actor
from app.core.database import Db
from app.core.errors import Conflict, Invalid
from app.core.idempotency import IdempotencyKey
from app.core.identifiers import new_id
from app.core.sealed import Facts
from app.web.answers import JSON

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(hours=24)
MAX_KEY = 255


class Stored(Facts, frozen=True):
    """The answer as it was given."""

    body: bytes = b""
    location: str = ""


def once(
    request: Request, db: Db, actor: Actor, body: BaseModel, make: Callable[[], Response], *, secret: bool = False
) -> Response:
    """Run ``make`` once per ``Idempotency-Key``; without the header just run it. ``secret``: never keep the answer."""
    key = request.headers.get(HEADER)
    if key is None:
        return make()
    if not key or len(key) > MAX_KEY or actor.id is None:
        raise Invalid(f"{HEADER} must have 1 to {MAX_KEY} characters.")
    route = f"{request.method} {request.url.path}"[:200]
    request_mac = db.keys.mac("idempotency request", route.encode(), msgspec.json.encode(body.model_dump(mode="json")))
    row_id = new_id()
    row = {
        "id": row_id, "actor_id": actor.id, "route": route, "key_mac": db.keys.mac("idempotency key", key.encode()),
        "request_mac": request_mac, "created_at": clock.now(),
    }  # fmt: skip
    db.run(
        sa.delete(IdempotencyKey).where(
            IdempotencyKey.actor_id == actor.id,
            IdempotencyKey.key_mac == row["key_mac"],
            IdempotencyKey.created_at < clock.now() - KEPT_FOR,
        )
    )
    unique = ["actor_id", "route", "key_mac"]
    if db.run(insert(IdempotencyKey).values(row).on_conflict_do_nothing(index_elements=unique)) == 0:
        return _replay(db, row)
    answer = make()
    stored = None if secret else Stored(body=bytes(answer.body), location=answer.headers.get("location", ""))
    db.run(
        sa.update(IdempotencyKey)
        .where(IdempotencyKey.id == row_id)
        .values(
            status=answer.status_code,
            sealed=None if stored is None else db.seal(IdempotencyKey, row_id, stored, request_mac.hex()),
        )
    )
    return answer


def _replay(db: Db, asked: dict[str, object]) -> Response:
    kept = db.session.execute(
        sa.select(IdempotencyKey).where(
            IdempotencyKey.actor_id == asked["actor_id"],
            IdempotencyKey.route == asked["route"],
            IdempotencyKey.key_mac == asked["key_mac"],
        )
    ).scalar_one()
    if kept.request_mac != asked["request_mac"]:
        raise Invalid("This Idempotency-Key was used with another request. Use a new key.")
    if kept.sealed is None or kept.status is None:
        raise Conflict("This request was carried out; its answer held a secret and is not repeated.")
    stored = db.open(Stored, IdempotencyKey, kept.id, kept.sealed, kept.request_mac.hex())
    headers = {"Location": stored.location} if stored.location else None
    return Response(stored.body, kept.status, headers, JSON)
