"""What the parts are made with, by the settings: each part has options of its own and reads no settings."""

from pydantic import SecretStr

from .access.allowances import parse_budget
from .access.budgets import Bounds
from .access.json_web_tokens import JwtRules
from .api.services import StreamTimes
from .errors import StartError
from .executor.limits import Limits
from .pricing import Prices, parse_own_prices
from .providers import PROVIDERS, VARIABLES, Breakers, Models
from .providers.order import Timeouts
from .settings import Settings

DAY = 86_400  # seconds


def models_options(settings: Settings) -> Models:
    given = settings.model_dump(include={name.lower() for name in VARIABLES})
    return Models(
        offline_tokens_per_second=settings.offline_tokens_per_second,
        model=settings.model,
        offline=settings.offline,
        environment={name.upper(): _plain(value) for name, value in given.items()},
        timeouts=Timeouts(
            connect=settings.provider_connect_timeout_seconds,
            read=_read_timeout(settings),
        ),
        retries=settings.provider_max_retries,
        fallbacks=settings.fallback_models,
        breakers=Breakers(settings.breaker_failures, settings.breaker_seconds),
    )


def _read_timeout(settings: Settings) -> float | None:
    """For threads, which no timer can end: later than the timers of silence, so that those tell it."""
    silences = settings.first_token_timeout_seconds, settings.silence_timeout_seconds
    return max(silences) + 5 if all(silences) else None


def prices_of(settings: Settings) -> Prices:
    given = settings.model_dump(include={provider.url.lower() for provider in PROVIDERS.values()})
    addresses = {name: given[provider.url.lower()] for name, provider in PROVIDERS.items()}
    own = parse_own_prices(settings.model_prices)
    return Prices(own, {name: address for name, address in addresses.items() if address})


def run_limits(settings: Settings) -> Limits:
    return Limits(
        run_timeout=settings.run_timeout_seconds,
        first_token_timeout=settings.first_token_timeout_seconds,
        silence_timeout=settings.silence_timeout_seconds,
        log_max_bytes=settings.run_log_max_bytes,
        output_max_chars=settings.max_output_chars,
        tool_output_max_chars=settings.tool_output_max_chars,
    )


def budget_bounds(settings: Settings) -> Bounds:
    try:
        per_key, per_team = map(parse_budget, (settings.budget_per_key, settings.budget_per_team))
    except ValueError as error:
        raise StartError("bad_budget", f"BUDGET_PER_KEY, BUDGET_PER_TEAM: {error}.") from error
    return Bounds(
        run_usd=settings.max_cost_per_run_usd,
        run_tokens=settings.max_tokens_per_run,
        per_key=per_key,
        per_team=per_team,
    )


def jwt_rules(settings: Settings) -> JwtRules:
    return JwtRules(
        secret=settings.jwt_secret.get_secret_value(),
        jwks_url=settings.jwt_jwks_url,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        role_claim=settings.jwt_role_claim,
        team_claim=settings.jwt_team_claim,
    )


def token_lifetime(settings: Settings) -> float:
    """A run's token outlives its run, also one that may go on without a bound; for that one, by a year."""
    bounds = settings.run_timeout_seconds, settings.waiting_timeout_seconds
    return sum(bounds) + DAY if all(bounds) else 365 * DAY


def stream_times(settings: Settings) -> StreamTimes:
    return StreamTimes(
        ping=settings.ping_seconds,
        send_timeout=settings.send_timeout_seconds or None,
        shutdown_grace=settings.shutdown_grace_seconds,
    )


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
