"""When a port starts, when it refuses to, and what its health pages say."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest
from fastapi import APIRouter
from sqlalchemy.engine import make_url

from guibin.core.database import make_engine
from guibin.core.settings import Profile, Settings
from guibin.security.ciphers import KeyRing
from guibin.security.development_issuer import DevelopmentIssuer
from guibin.web import (
    DataClass,
    Idempotency,
    PortRouter,
    RateClass,
    StartRefused,
    TokenSource,
    create_port,
    customer,
    declare,
    public,
)
from guibin.web.checks import check_role, failed_checks
from guibin_tools.postgres.cluster import HOST, open_cluster
from guibin_tools.roles import derive_urls, ensure_roles
from support.databases import Database
from support.demo_port import AUDIENCE, ISSUER, DemoIdentity, DemoPort, demo_app, demo_port, open_issuer, problem
from support.proxy import proxied
from support.waiting import until


def production(directory: Path, **changed: object) -> Settings:
    if not (directory / "keys.json").exists():
        KeyRing.create(directory / "keys.json")
    safe: dict[str, object] = {
        "profile": Profile.PRODUCTION,
        "keys_file": directory / "keys.json",
        "customer_jwks": directory / "jwks.json",
        "bank_jwks": directory / "jwks.json",
        "customer_issuer": ISSUER,
        "bank_issuer": ISSUER,
    }
    return Settings.model_validate({**safe, **changed})


def make(settings: Settings, *routers: APIRouter) -> None:
    create_port(
        settings,
        name="demo",
        title="Demo",
        description="",
        routers=routers,
        identity=DemoIdentity(),
        database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        tokens=[TokenSource(ISSUER, AUDIENCE, Path("jwks.json"))],
    )


def test_a_route_that_declares_nothing_is_refused() -> None:
    router = PortRouter(prefix="/v1/open")

    @router.get("")
    async def forgotten() -> str:
        return "hello"

    with pytest.raises(StartRefused, match="/v1/open declares nothing"):
        make(Settings(), router)


def test_a_declared_route_of_another_kind_of_router_is_refused() -> None:
    router = APIRouter(prefix="/v1/open")

    @router.get("")
    @declare(caller=public(), rate=RateClass.READ, data=DataClass.PUBLIC)
    async def unconducted() -> str:
        return "hello"

    with pytest.raises(StartRefused, match="/v1/open"):
        make(Settings(), router)


def test_a_stored_answer_holds_no_secret_and_has_an_actor() -> None:
    with pytest.raises(ValueError, match="stored answer"):
        declare(caller=customer("a"), rate=RateClass.READ, data=DataClass.C3, idempotency=Idempotency.OPTIONAL)
    with pytest.raises(ValueError, match="has an actor"):
        declare(caller=public(), rate=RateClass.WRITE, data=DataClass.C2, idempotency=Idempotency.REQUIRED)


def test_production_with_safe_settings_is_made(tmp_path: Path) -> None:
    make(production(tmp_path))


@pytest.mark.parametrize("name", ["keys_file", "customer_jwks", "bank_jwks"])
def test_production_without_its_own_keys_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartRefused, match=f"GUIBIN_{name.upper()}"):
        make(production(tmp_path, **{name: None}))


@pytest.mark.parametrize("name", ["customer_issuer", "bank_issuer"])
def test_production_with_the_development_issuer_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StartRefused, match=f"GUIBIN_{name.upper()}"):
        make(production(tmp_path, **{name: Settings.model_fields[name].default}))


def test_production_with_the_files_of_a_development_issuer_is_refused(tmp_path: Path) -> None:
    DevelopmentIssuer.open(tmp_path / "elsewhere", "https://login.bank.example")
    for folder in ("elsewhere", "issuer"):
        with pytest.raises(StartRefused, match="GUIBIN_BANK_JWKS"):
            make(production(tmp_path, state_dir=tmp_path, bank_jwks=tmp_path / folder / "jwks.json"))


@pytest.mark.parametrize(("url", "safe"), [("https://login.bank.example/jwks", True), ("http://127.0.0.1/jwks", False)])
def test_production_fetches_keys_over_https_only(tmp_path: Path, url: str, safe: bool) -> None:
    settings = production(tmp_path, bank_jwks=url)
    if safe:
        make(settings)
    else:
        with pytest.raises(StartRefused, match="GUIBIN_BANK_JWKS"):
            make(settings)


def test_production_takes_no_tokens_that_live_longer_than_five_minutes(tmp_path: Path) -> None:
    assert production(tmp_path).effective_token_max_life_seconds == 300
    with pytest.raises(StartRefused, match="GUIBIN_TOKEN_MAX_LIFE_SECONDS"):
        make(production(tmp_path, token_max_life_seconds=301))


@pytest.mark.parametrize("profile", list(Profile))
async def test_a_port_does_not_start_as_owner_or_superuser(
    database: Database, tmp_path: Path, profile: Profile
) -> None:
    open_issuer(tmp_path)
    KeyRing.create(tmp_path / "keys.json")
    admin_url = database.admin_url.replace("postgresql:", "postgresql+asyncpg:")
    for url in (database.owner_url, admin_url):
        app = demo_app(tmp_path, url, DemoIdentity(), profile=profile)
        with pytest.raises(StartRefused, match="may do more than a service may"):
            async with app.router.lifespan_context(app):
                pass


@pytest.mark.parametrize(
    "power", ["BYPASSRLS", "CREATEROLE", "IN ROLE guibin_owner", "IN ROLE guibin_bank, guibin_owner"]
)
async def test_a_port_does_not_start_with_a_role_that_may_act_past_the_policies(database: Database, power: str) -> None:
    admin = await asyncpg.connect(database.admin_url)
    name = f"intruder_{database.name}"
    await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x' {power}")
    await admin.execute(f'GRANT CONNECT ON DATABASE "{database.name}" TO {name}')
    parts = make_url(database.bank_url).set(username=name, password="x")
    engine = make_engine(parts.render_as_string(hide_password=False), pool_size=1, application="guibin-tests")
    try:
        with pytest.raises(StartRefused, match="may do more than a service may"):
            await check_role(engine)
        assert await failed_checks(engine, schema_version=None, profile=Profile.DEVELOPMENT) == ["role"]
    finally:
        await engine.dispose()
        await admin.execute(f'REVOKE CONNECT ON DATABASE "{database.name}" FROM {name}')
        await admin.execute(f"DROP ROLE {name}")
        await admin.close()


@pytest.mark.merge
async def test_production_is_not_ready_on_a_server_that_may_lose_what_it_committed(tmp_path: Path) -> None:
    """T-CHAOS-5: each of the three settings, on a server of its own that has them on."""
    cluster = open_cluster(tmp_path / "pg")
    try:
        port = await asyncio.to_thread(lambda: cluster.start().port)
        admin_url = cluster.superuser_url(port)
        urls = derive_urls(HOST, port, cluster.password)
        await ensure_roles(admin_url, urls)
        assert await readiness(urls.bank, Profile.PRODUCTION) == []
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            await configure(admin_url, f"ALTER SYSTEM SET {name} = off")
            assert await readiness(urls.bank, Profile.PRODUCTION) == ["durability"], name
            assert await readiness(urls.bank, Profile.DEVELOPMENT) == [], name
            await configure(admin_url, f"ALTER SYSTEM RESET {name}")
    finally:
        await asyncio.to_thread(cluster.remove)


async def readiness(url: str, profile: Profile) -> list[str]:
    engine = make_engine(url, pool_size=1, application="guibin-tests")
    try:
        return await failed_checks(engine, schema_version=None, profile=profile)
    finally:
        await engine.dispose()


async def configure(admin_url: str, statement: str) -> None:
    connection = await asyncpg.connect(admin_url)
    await connection.execute(statement)
    before = await connection.fetchval("SELECT now() FROM pg_reload_conf()")
    await connection.close()

    async def has_read_its_files() -> bool:  # the server does when it likes, and who connects afterwards sees it
        later = await asyncpg.connect(admin_url)
        read_at = await later.fetchval("SELECT pg_conf_load_time()")
        await later.close()
        return bool(read_at > before)

    await until(has_read_its_files)


async def test_the_process_is_alive_and_ready(port: DemoPort) -> None:
    assert (await port.client.get("/healthz")).json() == {"status": "ok"}
    assert (await port.client.get("/readyz")).json() == {"status": "ready"}


async def test_a_port_is_not_ready_on_another_schema(database: Database, tmp_path: Path) -> None:
    running = demo_port(tmp_path, database.owner_url, database.bank_url, schema_version="none such")
    async with running as port:
        answer = await port.client.get("/readyz")
        assert problem(answer, 503, "not_ready")["failed"] == ["schema"]
        assert (await port.client.get("/healthz")).status_code == 200


async def test_a_port_without_its_database_is_alive_and_not_ready(database: Database, tmp_path: Path) -> None:
    async with (
        proxied(database.bank_url) as (proxy, url),
        demo_port(tmp_path, database.owner_url, url) as port,
    ):
        assert (await port.spend("k1")).status_code == 201
        proxy.cut()
        answer = await port.client.get("/readyz")
        assert problem(answer, 503, "not_ready")["failed"] == ["database"]
        problem(await port.spend("k2"), 503, "retry_later")
        assert (await port.client.get("/healthz")).status_code == 200
        assert await port.points() == 90


async def test_production_shows_no_documentation_and_counts_calls(database: Database, tmp_path: Path) -> None:
    running = demo_port(tmp_path, database.owner_url, database.bank_url, profile=Profile.PRODUCTION)
    async with running as port:
        for path in ("/docs", "/redoc", "/openapi.json", "/docs/start.js", "/docs/assets/swagger-ui.css"):
            problem(await port.client.get(path), 404, "not_found")
        answers = [await port.spend(f"k{number}", points=1) for number in range(7)]
        assert [answer.status_code for answer in answers] == [201] * 6 + [429]
        body = problem(answers[-1], 429, "rate_limited")
        assert body["limit"] == "redeem_per_minute"
        assert 50 <= int(answers[-1].headers["Retry-After"]) <= 60  # the window began with the first spend


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_documentation_needs_no_outside_address(port: DemoPort, path: str) -> None:
    page = await port.client.get(path)
    assert page.status_code == 200
    assert "//" not in page.text
    assert "<script>" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    for address in [part.split('"')[0] for part in page.text.split('="/')[1:]]:
        assert (await port.client.get(f"/{address}")).status_code == 200


async def test_another_method_on_a_page_is_refused(port: DemoPort) -> None:
    answer: httpx.Response = await port.client.post("/docs")
    assert "GET" in answer.headers["Allow"]
    problem(answer, 405, "method_not_allowed")
