"""What a browser sends: fields of a form, in bounds, whatever the bytes."""

from urllib.parse import parse_qsl

from starlette.requests import Request

MOST_FIELDS = 60
_KIND = "application/x-www-form-urlencoded"


class BadForm(Exception):
    """What was sent is no form of ours."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, the first of each name. Raises BadForm.

    Bytes that are no UTF-8 become the replacement sign; nothing here can break a turn.
    """
    raw = await request.body()
    if not raw:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _KIND:
        raise BadForm
    try:
        pairs = parse_qsl(
            raw.decode("utf-8", "replace"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="replace",
        )
    except ValueError:
        raise BadForm from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
