"""What plain stacks answer with 500: values that no field takes, texts that are too long, and bodies that are none."""

from typing import Any

LONGEST = 10_000
NUL, SURROGATE = "a\x00b", "a\ud800b"
DEEP: Any = []
for _ in range(60):
    DEEP = [DEEP]

# Nothing takes these, whatever it is called and whatever its type.
REFUSED: dict[str, Any] = {
    "NUL": NUL,
    "a lone surrogate": SURROGATE,
    "a control character": "a\x1b[2Jb",
    "far too long": "x" * (LONGEST + 1),
    "2^63": 2**63,
    "-2^63-1": -(2**63) - 1,
    "10^400": 10**400,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "an object": {"$ne": None},
    "an object in a list": [{"id": 1}],
    "deep": DEEP,
    "a surrogate inside": {"x": [SURROGATE]},
}
# Some fields take some of these; whatever comes of it, it is no failure of ours.
DOUBTFUL: dict[str, Any] = {
    "null": None,
    "nothing": "",
    "spaces": "   ",
    "201 letters": "x" * 201,
    "10,000 letters": "x" * LONGEST,
    "2^31": 2**31,
    "2^63-1": 2**63 - 1,
    "-1": -1,
    "zero": 0,
    "a fraction": 0.1,
    "true": True,
    "a list": [],
    "a list of nothing": [None],
    "many": ["x"] * 300,
    "a number as text": "1e999999",
    "endless as text": "NaN",
    "an id of nothing": "01939b8e-7c00-7000-8000-0000000000aa",
    "no id": "01939b8e-7c00-7000-8000-0000000000a",
    "the year 1": "0001-01-01",
    "the year 9999": "9999-12-31",
    "a moment in 9999": "9999-12-31T23:59:59+14:00",
    "a moment in the year 1": "0001-01-01T00:00:00-14:00",
    "no day": "2026-02-30",
    "right to left": "\u202egnp.exe",
    "full width": "\uff1dcmd|' /C calc'!A0",
    "a dotless i": "adm\u0131n@corp.example",
    "script": "<script>alert(1)</script>",
    "a template": "{{7*7}}${7*7}<%= 7*7 %>",
    "SQL": "'; DROP TABLE people; --",
    "a path": "../../../../etc/passwd",
    "an address": "javascript:alert(1)",
    "a combining storm": "Z" + "\u0351" * 150,
    "noncharacters": "\ufffe\uffff\U0010ffff",
}
UNKNOWN = (
    "role", "roles", "is_admin", "tenant_id", "id", "permissions", "permissions[admin]", "created_at", "changed_at",
    "verified", "status_from", "merged_into_id", "source", "sealed", "__proto__", "constructor", "$where",
)  # fmt: skip
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"name": "x',
    "a text": b'"name"',
    "a number": b"1",
    "null": b"null",
    "a list": b"[]",
    "true": b"true",
    "NaN": b'{"name": NaN}',
    "1e400": b'{"name": 1e400, "start_date": 1e400, "every_minutes": 1e400}',
    "a hundred thousand deep": b"[" * 100_000,
    "closed and deep": b'{"name":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a number of a million digits": b'{"name": ' + b"9" * 900_000 + b"}",
    "latin-1": '{"name": "é"}'.encode("latin-1"),
    "a byte order mark": b'\xef\xbb\xbf{"name": 1}',
    "gzip": bytes.fromhex("1f8b0800000000000003"),
    "keys that are none": b"{1: 2}",
    "a lone surrogate as a key": rb'{"\ud800": 1}',
    "NUL as a key": rb'{"\u0000": 1}',
    "a form": b"name=x&status=new",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
}
QUERIES: dict[str, str] = {
    "NUL": "%00",
    "half a letter": "%ED%A0%80",
    "no UTF-8": "%ff%fe",
    "half an escape": "%zz%",
    "201 letters": "x" * 201,
    "10,000 letters": "x" * LONGEST,
    "2^31": str(2**31),
    "2^63": str(2**63),
    "a hundred digits": "9" * 100,
    "-1": "-1",
    "zero": "0",
    "nothing": "",
    "NaN": "NaN",
    "1e999999": "1e999999",
    "SQL": "'%20OR%201=1%20--",
    "wild": "%25_%5C%25",
    "the year 1": "0001-01-01",
    "the year 9999": "9999-12-31",
    "a moment in 9999": "9999-12-31T23:59:59%2B14:00",
    "a moment in the year 1": "0001-01-01T00:00:00-14:00",
    "a moment without a zone": "2026-01-01T00:00:00",
    "an id of nothing": "01939b8e-7c00-7000-8000-0000000000aa",
    "right to left": "%E2%80%AE",
    "a line end": "x%0d%0aSet-Cookie:%20a=b",
    "script": "%3Cscript%3Ealert(1)%3C/script%3E",
    "minus": "-",
    "underscores": "__class__",
}
SEGMENTS = (
    "0", "-1", str(2**63), "not-an-id", "%00", "%ED%A0%80", "%ff", "x" * 5000, "..%2f..%2f..%2fetc%2fpasswd", "null",
    "00000000-0000-0000-0000-000000000000", "%7B01939b8e-7c00-7000-8000-00000000dead%7D", "01939b8e7c0070008000%0000000dead",
    "urn:uuid:01939b8e-7c00-7000-8000-00000000dead", "%E2%80%AE", "x.css", "%0d%0aX-Evil:%201",
)  # fmt: skip
