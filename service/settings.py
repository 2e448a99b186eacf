"""Settings: read once, from the environment and a `.env` file, and frozen."""

import re
from ipaddress import ip_network
from typing import Annotated, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)
]  # or in capitals

_DATABASE = re.compile(r"(/\d*)?", re.ASCII)
_ROUTE_RATE = re.compile(r"/[^=\s]*=[1-9]\d{0,8}/[1-9]\d{0,8}", re.ASCII)


def _quoted(secret: SecretStr) -> str:
    return quote(secret.get_secret_value(), safe="")


def _names_redis(address: str) -> bool:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises ValueError where it is none
    except ValueError:
        return False
    if address.count("@") > 1 or "#" in address:  # in a password they are written %40 and %23
        return False
    if parts.scheme == "unix":
        return len(parts.path) > 1
    return (
        parts.scheme in ("redis", "rediss") and bool(parts.hostname) and bool(_DATABASE.fullmatch(parts.path))
    )


class LogSettings(BaseSettings):
    """How the process logs: known also where the other settings are wrong, which is told in the same way."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # it may be a secret
    )

    log_level: LogLevel = Field("info", description="Least level logged.")
    log_json: bool = Field(False, description="Log one JSON object a line, not text for people.")


class Settings(LogSettings):
    """Each field is an environment variable of the same name in capitals; `.env.example` lists them all."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Web origins that may call the service, with commas; empty: loopback on any port.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Names that the service answers to, with commas, `*.example.com` for those below; empty:"
        " on a loopback address only loopback's, else any.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Addresses and networks, with commas, whose `X-Forwarded-For` is believed.",
    )

    rate_limit_enabled: bool = Field(True, description="Whether requests are limited at all.")
    rate_limit_requests: Count = Field(
        60, description="Requests in a window that may start something, per key or address."
    )
    rate_limit_window_seconds: Count = Field(60, description="How long that window is; it slides.")
    rate_limit_routes: Annotated[tuple[str, ...], NoDecode] = Field(
        ("/secure-llm-stream=5/60", "/search=120/60"),
        description="Routes with limits of their own, with commas: `/path=requests/seconds`.",
    )
    rate_limit_tokens_per_minute: int = Field(
        0, ge=0, description="Tokens that the runs of a key or address may use in a minute; 0 is no bound."
    )
    max_streams_per_key: int = Field(
        50, ge=0, description="Streams and sockets that a key or address may have open; 0 is no bound."
    )

    redis_url: SecretStr = Field(
        SecretStr(""),
        description="A Redis where replicas count all this together: `redis://…`, `rediss://…` or `unix://…`;"
        " empty: each process counts by itself.",
    )

    api_key: SecretStr = Field(SecretStr(""), description="One key for all, with every scope.")
    jwt_secret: SecretStr = Field(
        SecretStr(""), description="Secret of JWTs that are signed with HS256: at least 32 bytes."
    )
    jwt_jwks_url: str = Field(
        "", description="Where the public keys of JWTs that are signed with RS256 or ES256 are published."
    )
    jwt_audience: str = Field("", description="The `aud` that JWTs must have; empty: any.")
    jwt_issuer: str = Field("", description="The `iss` that JWTs must have; empty: any.")
    jwt_role_claim: str = Field(
        "role", min_length=1, description="The claim with a JWT's role or roles: `admin`, `member`, `viewer`."
    )
    jwt_team_claim: str = Field("team", min_length=1, description="The claim with a JWT's team.")
    allow_anonymous: bool = Field(
        False, description="Without any key, be reached from other machines too; anybody there may use it."
    )

    chains: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Chains, with commas: `./file.py:name`, `module:name`, or a `langgraph.json`.",
    )
    shipped_chains: bool = Field(True, description="Serve the chains that ship too.")
    model: str = Field(
        "",
        description="Default model, `provider:model`; empty: that of the first key, else the built-in one.",
    )
    fallback_models: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Models that answer, in this order, where a run's own fails or is silent, with commas.",
    )
    breaker_failures: Count = Field(
        5, description="Failures of a provider in a row after which its models are passed over."
    )
    breaker_seconds: float = Field(
        30,
        gt=0,
        description="How long that lasts; then one call tries it again, and the others if that goes well.",
    )
    offline: bool = Field(False, description="Use the built-in model alone, whatever keys are set.")
    groq_api_key: SecretStr = Field(SecretStr(""), description="Key of Groq, `groq:…`.")
    groq_base_url: str = Field("", description="Another address for Groq.")
    openai_api_key: SecretStr = Field(SecretStr(""), description="Key of OpenAI, `openai:…`.")
    openai_base_url: str = Field(
        "", description="Any server that speaks OpenAI's protocol, instead of OpenAI; it may need no key."
    )
    anthropic_api_key: SecretStr = Field(SecretStr(""), description="Key of Anthropic, `anthropic:…`.")
    anthropic_base_url: str = Field("", description="Another address for Anthropic.")
    xai_api_key: SecretStr = Field(SecretStr(""), description="Key of xAI, `xai:…`.")
    xai_base_url: str = Field("", description="Another address for xAI.")
    ollama_host: str = Field("", description="Address of Ollama, `ollama:…`, where it is not this machine's.")
    provider_connect_timeout_seconds: float = Field(
        5, gt=0, description="How long a connection to a provider may take."
    )
    provider_max_retries: int = Field(
        2, ge=0, le=10, description="Times that a provider is asked again, before the first token."
    )
    offline_tokens_per_second: float = Field(
        60, ge=0, description="Pace of the offline model; 0 is as fast as it can."
    )

    model_prices: str = Field(
        "",
        description="Your own prices, in dollars a million tokens, as JSON or a file of it:"
        ' `{"llama3.2": {"input": 0.1, "output": 0.4, "cached": 0.05}}`.',
    )

    max_cost_per_run_usd: float = Field(
        0, ge=0, description="A run that has cost this many dollars is cancelled (`budget`); 0 is no bound."
    )
    max_tokens_per_run: int = Field(
        0, ge=0, description="A run that has used so many tokens is cancelled (`budget`); 0 is no bound."
    )
    budget_per_key: str = Field(
        "", description="What each key may use up, with commas: `5 USD/day, 1000000 tokens/month`."
    )
    budget_per_team: str = Field("", description="What all keys of a team may use up together.")

    redact: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Rules for what no run shows, with commas: `secrets`, `email`, `card`, `iban`, `phone`,"
        " `ssn`, `ip`.",
    )
    redact_patterns: str = Field(
        "",
        description='Rules of your own, which are on, as JSON or a file of it: `{"employee": "E\\\\d{6}"}`.',
    )
    filters: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Functions that change or block answers, with commas: `module:name`, `./file.py:name`.",
    )

    run_timeout_seconds: Seconds = Field(600, description="A run longer than this is cancelled (`timeout`).")
    first_token_timeout_seconds: Seconds = Field(
        120, description="A model call that says nothing for this long at first fails the run."
    )
    silence_timeout_seconds: Seconds = Field(
        60, description="A model call that stops in mid-answer for this long fails the run."
    )
    disconnect_grace_seconds: Seconds = Field(
        10, description="How long a run goes on once its last reader has left."
    )
    shutdown_grace_seconds: Seconds = Field(
        10, description="How long runs may go on after SIGTERM before they are cancelled (`shutdown`)."
    )

    max_runs_running: Count = Field(1000, description="Runs at the same time; more wait their turn.")
    max_runs_queued: int = Field(1000, ge=0, description="Runs that may wait; more are refused with 429.")
    max_runs_waiting: Count = Field(
        1000, description="Runs that may wait for a person; over it the longest waiting one is cancelled."
    )
    waiting_timeout_seconds: Seconds = Field(
        86_400, description="A run that waits longer than this for a person is cancelled (`timeout`)."
    )
    max_input_bytes: Count = Field(1_000_000, description="Largest request body or query string.")
    max_prompt_chars: Count = Field(200_000, description="Most characters in a run's input.")
    max_headers: Count = Field(100, description="Most header fields of a request.")
    max_header_bytes: Count = Field(32_768, description="Most bytes in a request's header fields together.")
    max_output_chars: Count = Field(1_000_000, description="Longest answer; a run that writes more fails.")
    tool_output_max_chars: Count = Field(32_768, description="A tool's output is cut to this in its event.")
    run_log_max_bytes: Count = Field(
        16_777_216, description="Largest log of one run; one that outgrows it fails."
    )
    run_log_ttl_seconds: Seconds = Field(600, description="How long a finished run's events are kept.")
    run_logs_max_bytes: Count = Field(
        268_435_456, description="Bound of all finished runs' events; the least recently used go first."
    )
    sync_threads: Count = Field(64, description="Threads for synchronous tools and chains.")

    database_url: SecretStr = Field(
        SecretStr(""),
        description="Where history is kept: `postgresql://…`, a file `sqlite:///…`, or `sqlite://` for one"
        " that goes at the end; empty: `sqlite:///data/chainstream.db`.",
    )
    postgres_host: str = Field(
        "", description="A PostgreSQL server's host, for deployments without DATABASE_URL."
    )
    postgres_port: int = Field(5432, ge=1, le=65535, description="Its port.")
    postgres_user: str = Field("postgres", description="Its user.")
    postgres_password: SecretStr = Field(SecretStr(""), description="Its password.")
    postgres_db: str = Field("", description="Its database; empty: named like the user.")
    history_retention_days: int = Field(
        0, ge=0, le=36_500, description="Days that runs are kept after their end; 0 is for ever."
    )

    ping_seconds: float = Field(15, gt=0, description="Time between pings on a quiet stream.")
    send_timeout_seconds: Seconds = Field(
        30, description="A reader that takes nothing for this long is dropped."
    )

    @property
    def database_address(self) -> str:
        """DATABASE_URL, or that of the server at POSTGRES_HOST, with the password; empty without either."""
        if (given := self.database_url.get_secret_value().strip()) or not self.postgres_host:
            return given
        host = quote(self.postgres_host, safe=":")
        host = f"[{host}]" if ":" in host else host
        access = f"{quote(self.postgres_user, safe='')}:{_quoted(self.postgres_password)}"
        name = self.postgres_db or self.postgres_user
        if self.postgres_host.startswith("/"):  # the folder of a socket
            return f"postgresql://{access}@/{name}?host={host}&port={self.postgres_port}"
        return f"postgresql://{access}@{host}:{self.postgres_port}/{name}"

    @field_validator(
        "cors_origins",
        "chains",
        "fallback_models",
        "allowed_hosts",
        "trusted_proxies",
        "rate_limit_routes",
        "redact",
        "filters",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        """RFC 7518 §3.2 asks for as many bits as the hash has."""
        if value.get_secret_value() and len(value.get_secret_value().encode()) < 32:
            raise ValueError("it must be at least 32 bytes")
        return value

    @field_validator("jwt_jwks_url")
    @classmethod
    def _over_tls(cls, value: str) -> str:
        """Whoever can change what it says can sign as anybody."""
        address = urlsplit(value)
        if value and address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("it must be an https:// address")
        return value

    @field_validator("rate_limit_routes")
    @classmethod
    def _rates(cls, routes: tuple[str, ...]) -> tuple[str, ...]:
        for route in routes:
            if not _ROUTE_RATE.fullmatch(route):
                raise ValueError(
                    f"{route!r} is no limit: give /path=requests/seconds, /search=120/60 for example"
                )
        return routes

    @field_validator("redis_url")
    @classmethod
    def _of_redis(cls, value: SecretStr) -> SecretStr:
        """No message holds a part of it: with a wrong character, a password may be anywhere."""
        if value.get_secret_value() and not _names_redis(value.get_secret_value()):
            raise ValueError(
                "it must be redis://user:password@host:6379/0, rediss://… (over TLS), or unix:///path"
            )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError:
                message = f"{proxy!r} is no address or network: give 10.0.0.7 or 10.0.0.0/8, for example"
                raise ValueError(message) from None
        return proxies

    @field_validator("postgres_port", mode="before")
    @classmethod
    def _of_kubernetes(cls, value: object) -> object:
        """Where there is a Service `postgres`, Kubernetes sets it to `tcp://10.0.0.1:5432` in every pod."""
        return value.rpartition(":")[2] if isinstance(value, str) and value.startswith("tcp://") else value

    @model_validator(mode="after")
    def _one_log_fits(self) -> Self:
        if self.run_log_max_bytes > self.run_logs_max_bytes:
            raise ValueError("RUN_LOGS_MAX_BYTES must be at least RUN_LOG_MAX_BYTES")
        return self
