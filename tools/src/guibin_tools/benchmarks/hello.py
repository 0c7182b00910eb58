"""What every figure over HTTP is held against: a route that returns a dict, on the server that serves the ports."""

import sys

from fastapi import FastAPI

from guibin.web.serving import serve

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/healthz")
async def hello() -> dict[str, str]:
    """Say hello."""
    return {"hello": "world"}


if __name__ == "__main__":
    serve(lambda: app, host="127.0.0.1", port=int(sys.argv[1]))
