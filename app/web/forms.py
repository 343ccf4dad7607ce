"""Reads a submitted form into a strict model, and keeps everything that was typed for the page that shows the errors.

``submitted: Annotated[Submitted[SignIn], Depends(form(SignIn))]`` in a plain ``def`` route: the body is read before
the route runs in its thread. A wrong form is a value, not an exception: the route draws its page again with 422.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from app.core.errors import FieldError, Invalid
from app.core.incoming.field_messages import field_errors, field_name
from app.core.incoming.inputs import Input
from app.web.form_values import FieldShape, shapes, value_of

MAX_FIELDS = 200
MAX_PART = 256 * 1024
T = TypeVar("T", bound=Input)


@dataclass(frozen=True, slots=True)
class Submitted(Generic[T]):
    """A form as it was sent. ``value`` is None exactly when there are ``errors``.

    ``raw`` holds the first text under each name and ``typed`` all of them, secrets left out; ``files`` are spooled to disk and
    closed once the answer is sent.
    """

    value: T | None
    errors: tuple[FieldError, ...] = ()
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, UploadFile] = field(default_factory=dict)

    @property
    def raw(self) -> Mapping[str, str]:
        """The first text under each name."""
        return {name: texts[0] for name, texts in self.typed.items()}

    def valid(self) -> T:
        """The value; refuses with ``Invalid`` carrying the errors where a page need not be drawn again."""
        if self.value is None:
            raise Invalid("Some fields need your attention.", fields=self.errors)
        return self.value


def form(model: type[T], *, files: tuple[str, ...] = ()) -> Callable[[Request], AsyncIterator[Submitted[T]]]:
    """A dependency that reads a form of ``model`` and, under the names ``files``, uploads."""
    wanted = shapes(model)

    async def read(request: Request) -> AsyncIterator[Submitted[T]]:
        async with request.form(max_files=len(files), max_fields=MAX_FIELDS, max_part_size=MAX_PART) as sent:
            yield _submitted(model, wanted, sent, files)

    return read


def _submitted(
    model: type[T], wanted: Mapping[str, FieldShape], sent: FormData, files: tuple[str, ...]
) -> Submitted[T]:
    texts: dict[str, list[str]] = {}
    uploads: dict[str, UploadFile] = {}
    wrong: list[FieldError] = []
    for name, part in sent.multi_items():
        if isinstance(part, str):
            texts.setdefault(name, []).append(part)
        elif name not in files or name in uploads:
            wrong.append(FieldError(field_name([name]), "A file was not expected here."))
        elif part.filename:  # a browser sends a nameless part where no file was chosen
            uploads[name] = part
    wrong += [
        FieldError(field_name([name]), "This was sent more than once.")
        for name, values in texts.items()
        if len(values) > 1 and not (name in wanted and wanted[name].takes_many)
    ]
    typed = {name: tuple(values) for name, values in texts.items() if not (name in wanted and wanted[name].is_secret)}
    try:
        value = model.model_validate(_meant(wanted, texts))
    except ValidationError as error:
        seen = {one.field for one in wrong}
        wrong += [one for one in field_errors(error) if one.field not in seen]
        return Submitted(None, tuple(wrong), typed, uploads)
    return Submitted(None if wrong else value, tuple(wrong), typed, uploads)


def _meant(wanted: Mapping[str, FieldShape], texts: Mapping[str, list[str]]) -> dict[str, Any]:
    meant: dict[str, Any] = {name: values[0] for name, values in texts.items() if name not in wanted}
    for name, shape in wanted.items():
        if name in texts or shape.kind is bool or shape.takes_many:
            meant[name] = value_of(shape, texts.get(name, ()))
    return meant
