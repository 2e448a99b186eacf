"""How much work a measurement takes: enough for steady figures, or the least that runs every line."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Load:
    """`streams` at once of `tokens` at `rate` a second (0: unpaced), `rounds` times, begun over `over` s."""

    streams: int
    tokens: int
    rate: float = 0
    rounds: int = 1
    over: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.streams} x {self.rate:g}/s" if self.rate else f"{self.streams} unpaced"

    @property
    def prompt(self) -> str:
        return f"tokens={self.tokens} rate={self.rate}"

    @property
    def all_tokens(self) -> int:
        return self.streams * self.tokens * self.rounds


@dataclass(frozen=True, kw_only=True)
class Steady:
    """A paced load, measured for `window` seconds from `settle` on, when all streams flow and none begins."""

    load: Load
    settle: float
    window: float


@dataclass(frozen=True, kw_only=True)
class Sizes:
    runs: int
    processes: int  # of a kind, one after the other, where small differences are measured
    rounds: int  # with each set of them
    warm_up: Load
    unpaced: Load
    paced: Load
    half_paced: Load
    together: Load
    alone: Load
    alone_paced: Load
    many: Steady
    few: Steady
    growth: tuple[int, ...]
    shared: Load
    shared_paced: Steady
    subscribers: int
    long_log: int
    frozen: int
    runs_kept: int
    searches: int
    recorded: tuple[Load, ...]
    filtered_bytes: int
    installs: bool


FULL = Sizes(
    runs=3,
    processes=5,
    rounds=2,
    warm_up=Load(streams=8, tokens=50, rounds=5),
    unpaced=Load(streams=8, tokens=500, rounds=3),
    paced=Load(streams=60, tokens=150, rate=50, over=1.0),
    half_paced=Load(streams=30, tokens=125, rate=50, over=1.0),
    together=Load(streams=8, tokens=1, rounds=40),
    alone=Load(streams=1, tokens=1, rounds=80),
    alone_paced=Load(streams=1, tokens=100, rate=50),
    many=Steady(load=Load(streams=400, tokens=30, rate=5, over=1.0), settle=2.5, window=3.0),
    few=Steady(load=Load(streams=8, tokens=1_500, rate=250, over=1.0), settle=2.5, window=3.0),
    growth=(1_000, 5_000, 10_000),
    shared=Load(streams=1, tokens=3_000),
    shared_paced=Steady(load=Load(streams=5, tokens=150, rate=50), settle=1.0, window=2.0),
    subscribers=20,
    long_log=100_000,
    frozen=20,
    runs_kept=100_000,
    searches=30,
    recorded=(Load(streams=60, tokens=500), Load(streams=60, tokens=150, rate=50)),
    filtered_bytes=1_000_000,
    installs=True,
)
QUICK = Sizes(
    runs=1,
    processes=1,
    rounds=1,
    warm_up=Load(streams=2, tokens=5),
    unpaced=Load(streams=2, tokens=50),
    paced=Load(streams=3, tokens=10, rate=50, over=0.05),
    half_paced=Load(streams=2, tokens=10, rate=50, over=0.05),
    together=Load(streams=2, tokens=1),
    alone=Load(streams=1, tokens=1),
    alone_paced=Load(streams=1, tokens=5, rate=50),
    many=Steady(load=Load(streams=10, tokens=5, rate=10), settle=0.1, window=0.2),
    few=Steady(load=Load(streams=2, tokens=25, rate=50), settle=0.1, window=0.2),
    growth=(5, 10),
    shared=Load(streams=1, tokens=200),
    shared_paced=Steady(load=Load(streams=2, tokens=20, rate=50), settle=0.6, window=0.2),
    subscribers=2,
    long_log=1_000,
    frozen=2,
    runs_kept=1_000,
    searches=2,
    recorded=(Load(streams=2, tokens=20),),
    filtered_bytes=4_000,
    installs=False,
)
