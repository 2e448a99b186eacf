"""The concrete parts, made as the settings say and put together, and how long each of them lives."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from .access.budgets import Budgets
from .access.caller import Caller
from .access.gate import Gate, open_gate
from .access.kept import Kept
from .access.limits import CallerLimits
from .api.reach import is_loopback
from .api.services import Services
from .database import Database, open_database
from .database_checkpoints import LastingCheckpoints
from .database_url import parse_database_url, told
from .drain import Drain
from .errors import StartError
from .event_log.memory import MemoryEventLog
from .executor.execution import Execution
from .executor.figures import Figures
from .executor.local import Capacity, LocalExecutor
from .executor.threads import SyncThreads
from .history.history import open_history
from .history.recorded_log import RecordedLog
from .history.recovery import close_lost_runs, forget_lost_checkpoints
from .history.retention import open_retention
from .jobs.jobs import Jobs
from .jobs.model_groups import ModelGroups
from .jobs.retention import remove_older_jobs
from .jobs.teams import open_teams
from .loop_watch import Blocked, LoopWatch
from .migrations import ensure_schema
from .observability.loop_lag import LoopLag
from .observability.metrics import Metrics
from .observability.readiness import Dependency, Readiness
from .observability.run_lines import tell_ended, tell_lost
from .observability.tracing import Tracing
from .options import (
    budget_bounds,
    jwt_rules,
    models_options,
    prices_of,
    run_limits,
    stream_times,
    token_lifetime,
)
from .pricing import loading
from .providers import open_models
from .redaction.filters import Filters
from .redaction.text_filters import load_filters
from .registry import Registry, open_registry
from .run import Run
from .runs import Runs
from .settings import Settings
from .takeover import Comeback, find_waiting
from .traced import UNTRACED, RunTrace

logger = logging.getLogger(__name__)

SLOW_LOOP = 0.5  # seconds behind, and the service is degraded: every stream stutters
GUESSED = 16  # characters; a shorter key that a person chose is found by trying, for no wrong key is counted


@asynccontextmanager
async def open_services(
    settings: Settings, limits: CallerLimits, metrics: Metrics, tracing: Tracing
) -> AsyncIterator[Services]:
    asyncio.get_running_loop().set_default_executor(SyncThreads(settings.sync_threads, "sync"))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(limits.shared(settings.redis_url.get_secret_value()))
        prices = prices_of(settings)
        models = await stack.enter_async_context(open_models(models_options(settings)))
        if models.configured:
            await stack.enter_async_context(loading(prices))
        registry = await stack.enter_async_context(
            open_registry(settings.chains, models, settings.shipped_chains)
        )
        filters = await _open_filters(settings, registry)
        stack.callback(filters.close)
        watch = stack.enter_context(LoopWatch(_tell_blocked))
        database = await stack.enter_async_context(_open_database(settings))
        gate = await stack.enter_async_context(_open_gate(settings, database))
        waited = await _recovered(database, registry)
        days = settings.history_retention_days
        await stack.enter_async_context(open_retention(database, days, [remove_older_jobs]))
        history = await stack.enter_async_context(
            open_history(database, text_of=lambda run_id: log.answer(run_id))
        )
        log = RecordedLog(
            MemoryEventLog(
                settings.run_log_ttl_seconds,
                settings.run_logs_max_bytes,
                on_expire=lambda run_id, records: forget(run_id),
            ),
            history,
        )
        executor = LocalExecutor(
            log,
            run_limits(settings),
            Capacity(
                running=settings.max_runs_running,
                queued=settings.max_runs_queued,
                paused=settings.max_runs_waiting,
                pause_timeout=settings.waiting_timeout_seconds,
            ),
            watching=watch.watching,
            rates_of=prices.rates_of,
            second_chance=models.second_chance,
            on_call=metrics.model_called,
        )
        metrics.watch_runs(lambda: executor.counts)
        metrics.watch_circuits(
            lambda: {name: state != "closed" for name, state in models.breaker_states.items()}
        )

        def on_closed(run: Run, figures: Figures) -> None:
            caller = Caller(owner=run.owner, team=run.team, key_id=run.key_id)
            limits.spend(caller, run.address, figures.usage["total_tokens"])
            tell_ended(run, figures)
            metrics.run_ended(run.chain, figures)

        kept = Kept(database, "jobs")
        teams = await open_teams(kept)
        runs = Runs(
            log,
            registry,
            executor,
            history,
            grace=settings.disconnect_grace_seconds,
            budgets=Budgets(
                budget_bounds(settings),
                history.spent,
                gate.ring.budget_of,
                budget_of_team=teams.budget_of,
            ),
            on_closed=on_closed,
            traced=partial(_trace_of, tracing),
            filters=filters,
            redact_of_key=gate.ring.redact_of,
        )

        def forget(run_id: str) -> None:
            log.forgot(run_id)
            runs.let_go(run_id)

        for comeback in waited:
            await comeback.enter(runs, log, history)
        drain = Drain(runs, settings.shutdown_grace_seconds)
        stack.push_async_callback(drain.finish)
        lag = stack.enter_context(LoopLag(metrics.loop_lagged))  # last: the start itself blocks the loop
        yield Services(
            times=stream_times(settings),
            registry=registry,
            runs=runs,
            history=history,
            jobs=Jobs(kept, history, runs, teams, ModelGroups(kept, registry.check_model)),
            kept_in=told(parse_database_url(settings.database_address)),
            drain=drain,
            gate=gate,
            metrics=metrics,
            readiness=_readiness(settings, database, limits, lag, drain),
            filters=filters,
            max_input_bytes=settings.max_input_bytes,
            max_prompt_chars=settings.max_prompt_chars,
        )


async def _open_filters(settings: Settings, registry: Registry) -> Filters:
    """Raises StartError, also for a rule of a chain's that there is not."""
    functions = await asyncio.to_thread(load_filters, settings.filters)
    filters = Filters(settings.redact, settings.redact_patterns, functions)
    for chain in registry.chains.values():
        filters.check(chain.redact, f"REDACT of the chain {chain.name!r}")
    return filters


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncIterator[Database]:
    async with open_database(parse_database_url(settings.database_address)) as database:
        await ensure_schema(database)
        yield database


@asynccontextmanager
async def _open_gate(settings: Settings, database: Database) -> AsyncIterator[Gate]:
    """Raises StartError where a service without any key would be reached from other machines."""
    async with open_gate(
        database,
        shared_key=settings.api_key.get_secret_value(),
        jwt_rules=jwt_rules(settings),
        token_lifetime=token_lifetime(settings),
        open_to_all=settings.allow_anonymous,
    ) as gate:
        shared = settings.api_key.get_secret_value()
        if 0 < len(shared) < GUESSED and not is_loopback(settings.host):
            logger.warning(
                "API_KEY has %d characters: other machines may try thousands of keys a second, and such a"
                " short one is found. Take one of 32 random characters.",
                len(shared),
            )
        if not (gate.credentials.is_on or settings.allow_anonymous or is_loopback(settings.host)):
            message = (
                f"HOST={settings.host} is reached from other machines, and nobody there would be asked for a"
                " key. Set API_KEY, or make a key with `keys create`; ALLOW_ANONYMOUS=true lets anybody in."
            )
            raise StartError("no_access", message)
        yield gate


async def _recovered(database: Database, registry: Registry) -> list[Comeback]:
    """The runs that wait on; all others that the last process left behind are closed."""
    checkpoints = LastingCheckpoints(database.url)
    waited = await find_waiting(database, registry, checkpoints)
    taken_over = {comeback.run_id for comeback in waited}
    if lost := await close_lost_runs(database, taken_over, tell_lost):
        logger.warning("%d runs had not ended when their process died: they failed as owner_lost", lost)
    await forget_lost_checkpoints(database, checkpoints, taken_over)
    return waited


def _trace_of(tracing: Tracing, run: Run) -> RunTrace:
    if tracing.runs is None:
        return UNTRACED
    return tracing.runs.begin(run.run_id, run.chain, run.thread_id, run.traceparent)


def _readiness(
    settings: Settings, database: Database, limits: CallerLimits, lag: LoopLag, drain: Drain
) -> Readiness:
    async def database_answers() -> None:
        await database.read(lambda connection: connection.exec_driver_sql("SELECT 1").close())

    async def loop_lags() -> float:
        return lag.recent

    dependencies = {
        "database": Dependency(look=database_answers),
        "event_loop": Dependency(look=loop_lags, slow=SLOW_LOOP),
    }
    if settings.redis_url.get_secret_value():
        dependencies["redis"] = Dependency(look=limits.reach, needed=False)
    return Readiness(dependencies, drain.begun.is_set)


def _tell_blocked(blocked: Blocked[Execution]) -> None:
    if blocked.run is not None:
        blocked.run.tell_blocked(blocked.name, blocked.ms)
    else:
        logger.warning("%s blocked the event loop for %d ms, after its run", blocked.name, blocked.ms)
