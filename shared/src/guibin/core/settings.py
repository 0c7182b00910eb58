"""Settings: the only reader of `GUIBIN_...` environment variables. docs/operations.md lists them all."""

from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Profile(StrEnum):
    """Where the process runs: `production` refuses defaults that are unsafe."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def _listed_networks(listed: str) -> str:
    for part in filter(None, (part.strip() for part in listed.split(","))):
        ip_network(part)
    return listed


class SettingMissing(Exception):  # noqa: N818 - reads as the sentence that the operator sees
    """A process lacks a setting; the message says which."""


class Settings(BaseSettings):
    """What every process of the product reads at start."""

    model_config = SettingsConfigDict(env_prefix="GUIBIN_", extra="ignore", frozen=True, env_ignore_empty=True)

    profile: Profile = Profile.DEVELOPMENT
    state_dir: Path = Field(default=Path(".guibin"), description="State of a development run")
    database_url: str | None = Field(default=None, description="URL of guibin_owner: migrations and seed only")
    customer_database_url: str | None = Field(default=None, description="URL of guibin_customer")
    bank_database_url: str | None = Field(default=None, description="URL of guibin_bank")
    worker_database_url: str | None = Field(default=None, description="URL of guibin_worker")
    customer_port: int = Field(default=8001, ge=1, le=65535, description="Port of the customer port")
    bank_port: int = Field(default=8002, ge=1, le=65535, description="Port of the bank port")
    host: str = Field(default="127.0.0.1", description="Address that the services listen on")
    allowed_hosts: str = Field(
        default="127.0.0.1,localhost,[::1]", description="Host names that a request may carry, separated by commas"
    )
    keys_file: Path | None = Field(default=None, description="Key file; default STATE_DIR/keys.json in development")
    customer_issuer: str = Field(default="https://issuer.guibin.local", description="Issuer of customers' tokens")
    customer_jwks: str | Path | None = Field(
        default=None, description="Its key set: an https URL or a file; default the development issuer's"
    )
    customer_algorithm: Literal["ES256", "RS256"] = Field(default="ES256", description="What it signs with")
    bank_issuer: str = Field(default="https://issuer.guibin.local", description="Issuer of staff and service tokens")
    bank_jwks: str | Path | None = Field(
        default=None, description="Its key set: an https URL or a file; default the development issuer's"
    )
    bank_algorithm: Literal["ES256", "RS256"] = Field(default="ES256", description="What it signs with")
    session_issuer: str = Field(
        default="https://sessions.guibin.local", description="Issuer name of the customer port's own access tokens"
    )
    session_keys_file: Path | None = Field(
        default=None, description="Keys that sign these tokens; default STATE_DIR/session-keys.json in development"
    )
    customer_no_claim: str = Field(
        default="sub", min_length=1, description="Claim of the customers' issuer that holds the bank's customer number"
    )
    binding_fact: Literal["shared", "always"] | None = Field(
        default=None,
        description="Who names a certificate to bind WeChat: those who share a phone, or all, as in production",
    )
    fresh_login_seconds: int = Field(
        default=900, ge=60, le=86_400, description="How long ago a login may be for approvals, exports and reveals"
    )
    fresh_login_acr: str = Field(
        default="mfa", description="Values of `acr` that mean a second factor, separated by commas"
    )
    token_max_life_seconds: int | None = Field(
        default=None, ge=60, description="Longest life of a token that is accepted; 300 in production, else 86400"
    )
    wechat_api_url: str = Field(default="https://api.weixin.qq.com", description="WeChat's interface")
    wechat_mini_program_appid: str | None = Field(default=None, description="appid of the bank's mini program")
    wechat_mini_program_secret: SecretStr | None = Field(default=None, description="Its secret")
    wechat_official_account_appid: str | None = Field(default=None, description="appid of the bank's official account")
    wechat_official_account_secret: SecretStr | None = Field(default=None, description="Its secret")
    wechat_read_seconds: float = Field(
        default=5.0, gt=0, le=30, description="Longest wait for an answer of WeChat or the gateway"
    )
    sms_url: str | None = Field(default=None, description="Where text messages are posted: the bank's gateway")
    sms_token: SecretStr | None = Field(default=None, description="Bearer token of the gateway")
    telephony_url: str | None = Field(default=None, description="Where calls are ordered: the bank's telephony")
    telephony_secret: SecretStr | None = Field(
        default=None, min_length=32, description="Signs both ways, and seals the number that is called"
    )
    webhook_networks: Annotated[str, AfterValidator(_listed_networks)] = Field(
        default="", description="The bank's own networks that webhooks may lead into, separated by commas"
    )
    webhook_ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) that sign receivers' ones; default the public authorities"
    )
    reservation_minutes: int = Field(
        default=15, ge=1, le=15, description="How long units of a right are held for a customer who confirms"
    )
    gift_yearly_cny: int = Field(
        default=2_000, ge=0, le=1_000_000, description="Most that a customer is given in gifts in a year, in CNY"
    )
    parent_pipe: int | None = Field(default=None, description="File descriptor whose end means: stop")
    pool_size: int = Field(default=8, ge=1, le=100, description="Database connections of one process that work at once")
    queue_seconds: float | None = Field(
        default=None, gt=0, le=60, description="Longest wait for a connection; 0.5 in production, else 5"
    )
    redeem_batch: int = Field(
        default=16, ge=1, le=16, description="Waiting redemptions that are written together; 1: each alone"
    )
    night_minutes: int = Field(
        default=180, ge=1, le=1_440, description="How long a nightly run may take before `run.overdue` is told"
    )
    workers: int = Field(default=1, ge=1, le=256, description="Processes of one port; each allows its share of a rate")
    trusted_proxies: str = Field(
        default="", description="Addresses and networks whose X-Forwarded-For counts, separated by commas"
    )
    allowed_origins: str = Field(
        default="", description="Origins whose pages may call the ports (CORS), separated by commas"
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port on the loopback address for /metrics, one for each process"
    )
    audit_hash: Literal["sha256", "sm3"] = Field(default="sha256", description="What seals the audit trail")
    audit_anchor_file: Path | None = Field(default=None, description="Where signed heads of the trail are kept")
    audit_anchor_key_file: Path | None = Field(
        default=None, description="Ed25519 key (PEM) that signs them: worker only"
    )
    audit_anchor_public_key_file: Path | None = Field(default=None, description="Its public part, which checks them")
    audit_anchor_syslog: str | None = Field(
        default=None, description="System log that gets them too: host:port or the path of a socket"
    )
    berka_scale: int = Field(default=20, ge=1, description="Multiplies the amounts of the Czech bank's files")
    log_level: str = Field(default="info", description="debug, info, warning or error")

    def required(self, name: str) -> str:
        """Return a setting that this process cannot do without.

        Raises:
            SettingMissing: it is not set.
        """
        value: str | None = getattr(self, name)
        if value is None:
            raise SettingMissing(f"Set GUIBIN_{name.upper()}, then start again.")
        return value

    @property
    def effective_keys_file(self) -> Path:
        """The key file that is in force."""
        return self.keys_file or self.state_dir / "keys.json"

    @property
    def effective_session_keys_file(self) -> Path:
        """The keys that sign customers' access tokens; the public part stands beside it."""
        return self.session_keys_file or self.state_dir / "session-keys.json"

    @property
    def effective_audit_anchor_file(self) -> Path:
        """The file that keeps the signed heads of the audit trail."""
        return self.audit_anchor_file or self.state_dir / "audit-anchors.jsonl"

    @property
    def effective_audit_anchor_key_file(self) -> Path:
        """The key that signs them."""
        return self.audit_anchor_key_file or self.state_dir / "audit-anchor-key.pem"

    @property
    def effective_audit_anchor_public_key_file(self) -> Path:
        """The key that checks them."""
        return self.audit_anchor_public_key_file or self.state_dir / "audit-anchor-key.pub.pem"

    @property
    def fact_always(self) -> bool:
        """Whether a one-time password alone binds nobody: phone numbers change hands."""
        return (self.binding_fact or ("always" if self.profile is Profile.PRODUCTION else "shared")) == "always"

    @property
    def issuer_dir(self) -> Path:
        """Where the development issuer keeps its key pair."""
        return self.state_dir / "issuer"

    @property
    def effective_token_max_life_seconds(self) -> int:
        """The longest life of a token of the bank's issuers: five minutes, a day for those of a development run."""
        return self.token_max_life_seconds or (300 if self.profile is Profile.PRODUCTION else 86_400)

    @property
    def effective_queue_seconds(self) -> float:
        """How long a call waits for a connection before it is told to come again."""
        return self.queue_seconds or (0.5 if self.profile is Profile.PRODUCTION else 5.0)

    @property
    def effective_customer_jwks(self) -> str | Path:
        """The key set of the customers' issuer, a URL or a file."""
        return self.customer_jwks or self.issuer_dir / "jwks.json"

    @property
    def effective_bank_jwks(self) -> str | Path:
        """The key set of the staff's issuer, a URL or a file."""
        return self.bank_jwks or self.issuer_dir / "jwks.json"
