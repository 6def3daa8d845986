"""Configuration, from the environment or `.env`; `.env.example` documents every name."""

import os
import re
import sys
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.core.redis_forms import parse
from app.core.secret import check_strength, read_or_create

PACKAGE = Path(__file__).resolve().parents[1]
PROJECT = PACKAGE.parent
# Below this a container or a small board swaps; above it nothing was gained (one process, group commit).
DEFAULT_POOL_SIZE = 10
DATABASE_URL_FORM = "DATABASE_URL must look like postgresql://user:password@host:5432/db"


def shipped(name: str) -> Path:
    """A file or folder beside the package in a checkout; an installed wheel has it within (see hatch_build.py)."""
    here = PROJECT / name
    return here if here.exists() else PACKAGE / "shipped" / name


def default_data_dir() -> Path:
    """Where state lives when nobody says: `/var/lib/sentinela` for root, the XDG data folder for a person."""
    if os.geteuid() == 0:
        return Path("/var/lib/sentinela")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "sentinela"


class Settings(BaseSettings):
    """One frozen object; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )

    # Where things are
    database_url: str = ""
    """PostgreSQL, `postgresql://user:password@host:5432/db`; empty: `./sentinela up` starts its own."""
    database_password_file: Path | None = None
    """A file whose first line is the password for `DATABASE_URL`, for containers that share a secret."""
    redis_url: str = ""
    """Redis or Valkey, `redis://host:6379`; empty: `./sentinela up` starts its own.

    `redis+sentinel://host:26379,host:26379/service` where Sentinel watches it, `redis+cluster://host:6379,host:6379`
    for a cluster, which cannot be the broker (`BROKER_URL`).
    """
    redis_password_file: Path | None = None
    """A file whose first line is the password for `REDIS_URL`."""
    cache_url: str = ""
    """Redis for caches, when it is another than `REDIS_URL`."""
    broker_url: str = ""
    """Redis for Celery's queues, when it is another than `REDIS_URL`."""
    data_dir: Path = Field(default_factory=default_data_dir)
    """The folder for the generated secret, uploads and, under `up`, the databases."""

    public_url: str = ""
    """Where people reach this installation, `https://sentinela.example.com`: for mails, and https secures cookies."""

    # Who may do what
    secret_key: str = ""
    """Signs the access tokens, at least 32 characters; empty: generated once into `DATA_DIR/secret_key`."""
    registration: Literal["open", "invite", "off"] = "open"
    """Who may register: anyone, only who an administrator adds, or nobody."""
    ingest_auth: Literal["required", "open"] = "required"
    """`open` lets anyone who can reach the port write readings of a known server; the start warns."""
    access_token_minutes: int = Field(default=60, ge=1, le=1440)
    """Lifetime of an access token, minutes."""
    refresh_token_days: int = Field(default=30, ge=1, le=365)
    """Lifetime of a refresh token, days."""

    trusted_proxies: str = ""
    """Networks whose `X-Forwarded-For` and `X-Forwarded-Proto` count, `10.0.0.0/8, 127.0.0.1/32`; empty: nobody's."""
    cors_origins: str = ""
    """Origins whose pages may call the API with a token, `https://app.example.com`, or `*`; empty: none."""

    login_attempts: int = Field(default=10, ge=0, le=1000)
    """Wrong passwords that one address may try at one account in 15 minutes, twenty times as many at all; 0: any.

    Of an authenticator's codes, as many from all addresses together.
    """
    audit_retention_days: int = Field(default=365, ge=0, le=36_500)
    """How long the record of who did what is kept, days; 0: for ever."""
    job_retention_days: int = Field(default=90, ge=0, le=36_500)
    """How long jobs are kept after their end, days; 0: for ever."""
    presence_retention_days: int = Field(default=365, ge=0, le=36_500)
    """How long it is kept who was online when, and what arrived by hour, days; 0: for ever."""
    incident_retention_days: int = Field(default=365, ge=0, le=36_500)
    """How long incidents and silences are kept after their end, days; 0: for ever."""
    notification_retention_days: int = Field(default=90, ge=0, le=36_500)
    """How long notifications and the attempts to deliver them are kept, days; 0: for ever."""

    # Signing in by another's word
    oidc_issuer: str = ""
    """An OpenID Connect provider, `https://id.example.com`, by which people may sign in; empty: none."""
    oidc_client_id: str = ""
    """What the provider calls this installation."""
    oidc_client_secret: str = ""
    """The secret that the provider gave this installation."""
    oidc_name: str = "OpenID Connect"
    """What people call the provider, on the button."""

    # Mail
    smtp_url: str = ""
    """The server for mails, `smtp://user:password@host:587` or `smtps://…:465`; empty: none are sent."""
    mail_from: str = ""
    """The sender of mails, `Sentinela <sentinela@example.com>`."""

    # Limits
    max_body_bytes: int = Field(default=16 * 2**20, ge=1024)
    """Largest JSON body, bytes; past it 413."""
    max_stream_bytes: int = Field(default=2**30, ge=1024)
    """Largest batch of `POST /data` as NDJSON, CSV, Arrow or Parquet, bytes, opened and as sent; past it 413."""
    max_upload_bytes: int = Field(default=8 * 2**30, ge=1024)
    """Largest file that `POST /imports` takes, bytes; past it 413."""
    ingest_backlog: int = Field(default=200_000, ge=1)
    """Readings that may wait for their commit in one process; past it 503 with Retry-After."""
    rate_limit_key: int = Field(default=10_000, ge=0, le=10_000_000)
    """Readings a second that one key may send by POST /data, ten seconds' worth of them at once; past it 429; 0: any.

    A user's access token counts as a key of its own.
    """
    rate_limit_workspace: int = Field(default=100_000, ge=0, le=10_000_000)
    """Readings a second that all keys of a workspace may send together, likewise; 0: any."""
    slow_client_seconds: int = Field(default=20, ge=0, le=3600)
    """How long a client may take to send a request's head, or may hang in sending or taking a body; 0: for ever."""
    live_streams: int = Field(default=500, ge=1, le=10_000)
    """Streams of `GET /data/stream` that one process serves at the most; past it 503 with Retry-After."""
    query_seconds_viewer: int = Field(default=10, ge=1, le=3600)
    """What one query of a viewer, or of a key that only reads, may take by its estimate, seconds; past it 422."""
    query_seconds_operator: int = Field(default=30, ge=1, le=3600)
    """Likewise of an operator, or of a key that also writes."""
    query_seconds_admin: int = Field(default=120, ge=1, le=3600)
    """Likewise of an administrator of the workspace."""
    database_pool_size: int = Field(default=DEFAULT_POOL_SIZE, ge=2, le=200)
    """Connections to PostgreSQL a process holds at the most."""
    offline_after_seconds: int = Field(default=10, ge=1, le=86_400)
    """Silence after which a server counts as offline, seconds, unless the server has a limit of its own."""

    # Storage
    seal_lag_minutes: int = Field(default=120, ge=1, le=10_080)
    """How long after its end an hour of readings stays as rows before it is sealed into segments, minutes."""

    # Alerts
    webhook_allowed_networks: str = ""
    """Networks that channels may reach beside public addresses, `10.0.0.0/8, 127.0.0.1/32`; empty: none."""
    telegram_api_url: str = "https://api.telegram.org"
    """Where Telegram's bot API is, for those who run one of their own."""

    # Logs
    log_format: Literal["human", "json"] = "json"
    """One JSON object a line, or lines for people."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important message that is written."""
    access_log: Literal["all", "errors", "off"] = "all"
    """A line for each request, for those that answer 400 or more, or for none."""
    access_log_ingest: int = Field(default=0, ge=0, le=1_000_000)
    """Of the stored requests of `POST /data`, a line for one in so many; 0: none; 1: each, which costs three quarters
    of the rate.
    """
    slow_query_ms: int = Field(default=1000, ge=0, le=600_000)
    """Statements and queries that take longer are logged with their plan or estimate, milliseconds; 0: none."""

    @field_validator("secret_key")
    @classmethod
    def _refuse_weak_secret(cls, value: str) -> str:
        if value:
            check_strength(value)
        return value

    @field_validator("webhook_allowed_networks", "trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for text in separated(value):
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise ValueError("must be networks such as 10.0.0.0/8, separated by commas") from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        if any(text != "*" and not re.fullmatch(r"https?://[^/\s*]+", text) for text in separated(value)):
            raise ValueError("must be origins such as https://app.example.com, separated by commas, or *")
        return value

    @model_validator(mode="after")
    def _urls_are_usable(self) -> "Settings":
        if self.database_url:
            _require_database_url(self.database_url)
        for name in ("redis_url", "cache_url", "broker_url"):
            _require_redis_url(name.upper(), getattr(self, name))
        _require_broker(self.broker_url or self.redis_url)
        if self.smtp_url and not _is_mail_server(self.smtp_url):
            raise ValueError("SMTP_URL must look like smtp://user:password@host:587 or smtps://host:465")
        if self.smtp_url and not re.search(r"[^\s@]+@[^\s@]+", self.mail_from):
            raise ValueError("MAIL_FROM must be the sender's address, for SMTP_URL is set")
        if not re.fullmatch(r"https?://[^/\s]+(/[^\s?#]*)?", self.telegram_api_url):
            raise ValueError("TELEGRAM_API_URL must look like https://api.telegram.org")
        if self.public_url and not re.fullmatch(r"https?://[^/\s]+", self.public_url):
            raise ValueError("PUBLIC_URL must look like https://sentinela.example.com, without a path")
        _require_provider(self)
        return self

    def signing_key(self) -> str:
        """The configured secret, or the generated one of the data folder (0600), made on first use."""
        return self.secret_key or read_or_create(self.data_dir / "secret_key")


def separated(value: str) -> list[str]:
    """The parts of a setting that names several."""
    return [part.strip() for part in value.split(",") if part.strip()]


def is_https_or_loopback(url: str) -> bool:
    """Whether what is sent there stays secret on the way."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https" and host:
            return True
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def _require_provider(settings: Settings) -> None:
    if not settings.oidc_issuer:
        return
    if not is_https_or_loopback(settings.oidc_issuer) or re.search(r"[\s?#]", settings.oidc_issuer):
        raise ValueError("OIDC_ISSUER must look like https://id.example.com (http only on this machine)")
    for name in ("oidc_client_id", "oidc_client_secret", "public_url"):
        if not getattr(settings, name):
            raise ValueError(f"{name.upper()} must be set, for OIDC_ISSUER is")


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(re.fullmatch(r"smtps?://([^@/\s]+@)?[^@/\s]+", url) and parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _require_database_url(url: str) -> None:
    try:
        known = make_url(url).drivername.split("+")[0] in ("postgresql", "postgres")
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise ValueError(DATABASE_URL_FORM)


def _require_broker(url: str) -> None:
    if "+cluster://" in url:
        raise ValueError(
            "Celery's queues cannot live in a Redis Cluster: BROKER_URL must name one Redis, or redis+sentinel://"
        )


def _require_redis_url(name: str, url: str) -> None:
    try:
        parse(url or "redis://none")
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


@lru_cache
def get_settings() -> Settings:
    """The settings of this process; exits with one clear line when they are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        problem = error.errors()[0]
        name = "_".join(str(part) for part in problem["loc"]).upper()
        sys.exit(f"sentinela: {name + ': ' if name else ''}{problem['msg'].removeprefix('Value error, ')}")
