"""How Schemathesis writes bodies that are neither JSON nor text: a file that it loads by the name of this module."""

import json

import schemathesis

LINES = "application/x-ndjson"


@schemathesis.serializer(LINES)
def lines(_: schemathesis.SerializationContext, value: object) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    values = value if isinstance(value, list) else [value]
    return "".join(f"{json.dumps(each)}\n" for each in values).encode()
