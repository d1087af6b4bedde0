"""/openapi.json and /docs. The pages load nothing from outside: Swagger UI comes from its package."""

import hashlib

import orjson
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from api.negotiation import is_match
from api.openapi import document

# This release of Swagger UI draws OpenAPI 3.0 only. What the document uses of 3.1 it shows well enough when told it were 3.0.
_START = b"""
fetch("/openapi.json").then((answer) => answer.json()).then((spec) => {
  SwaggerUIBundle({ spec: { ...spec, openapi: "3.0.3" }, dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
});
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Gradmill: the API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_POLICY = {"Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"}


def install(app: FastAPI) -> None:
    def openapi(request: Request) -> Response:
        content = orjson.dumps(document(app))
        etag = f'"{hashlib.sha256(content).hexdigest()}"'
        if is_match(request.headers.get("if-none-match"), etag):
            return Response(status_code=304, headers={"ETag": etag})
        return Response(content, 200, {"ETag": etag}, "application/json")

    def docs(_: Request) -> Response:
        return HTMLResponse(_PAGE, headers=_POLICY)

    def start(_: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    app.add_route("/openapi.json", openapi, include_in_schema=False)
    app.add_route("/docs", docs, include_in_schema=False)
    app.add_route("/docs/start.js", start, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=str(swagger_ui_path)), name="assets")
