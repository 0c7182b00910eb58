"""Documentation pages that need no outside address: the document, and two readers whose scripts come from the port."""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

_ASSETS: Final = Path(fastapi_offline.__file__).parent / "static"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/docs/assets/favicon.png">
{head}
<title>{title}</title>
</head>
<body>
{body}
</body>
</html>
"""
_SWAGGER: Final = (
    '<link rel="stylesheet" href="/docs/assets/swagger-ui.css">',
    """<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>""",
)
_REDOC: Final = (
    "",
    '<redoc spec-url="/openapi.json"></redoc>\n<script src="/docs/assets/redoc.standalone.js"></script>',
)
# In a file of its own, because the pages' policy lets no script stand in the page.
_START: Final = (
    'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true,'
    " presets: [SwaggerUIBundle.presets.apis]});\n"
)


def add_documentation(app: FastAPI) -> None:
    """Serve `/openapi.json`, `/docs` and `/redoc`."""

    async def document(_request: Request) -> Response:
        return JSONResponse(app.openapi())

    async def swagger(_request: Request) -> Response:
        return _page(app.title, *_SWAGGER)

    async def redoc(_request: Request) -> Response:
        return _page(app.title, *_REDOC)

    async def start(_request: Request) -> Response:
        return Response(_START, media_type="text/javascript")

    app.router.add_route("/openapi.json", document, methods=["GET"], include_in_schema=False)
    app.router.add_route("/docs", swagger, methods=["GET"], include_in_schema=False)
    app.router.add_route("/redoc", redoc, methods=["GET"], include_in_schema=False)
    app.router.add_route("/docs/start.js", start, methods=["GET"], include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=_ASSETS), name="assets")


def _page(title: str, head: str, body: str) -> Response:
    return HTMLResponse(_PAGE.format(title=title, head=head, body=body))
