"""The page of counts and times that Prometheus reads, on a port of its own."""

import gc
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import AF_INET, AF_INET6
from socketserver import TCPServer
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot.hear import place_of
from bot.office import Office
from webhook.lookout import Lookout, Lying
from webhook.metrics import OTHER, Tally, Times

log = structlog.get_logger()

TYPE = "text/plain; version=0.0.4; charset=utf-8"

_MOST_UPDATE_KINDS = 40
_WITH_TOKENS = {"zalo"}
# Where each platform's deliveries are counted, and what stands before their kinds.
_PLATFORMS = {"webhook.telegram": "", "webhook.zalo": "zalo ", "webhook.zalo_bot": "zalo-bot "}


# --- as Prometheus reads it ----------------------------------------------------------------------


class Counts(Collector):
    """Everything that is shown, put together anew each time somebody looks."""

    def __init__(self, office: Office) -> None:
        """Show the tally and the database of *office*."""
        self._office = office
        self._lookout = Lookout(office)

    def collect(self) -> Iterator[Metric]:
        """Return each number with its name and its meaning."""
        if isinstance(self._office.watch, Tally):
            yield from _of_tally(self._office.watch.so_far())
        yield from _of_process(self._office)
        yield from _of_database(self._office, self._lookout.now())


def _of_tally(tally: Tally) -> Iterator[Metric]:
    pairs = ("channel", "outcome")
    yield _counter("turns", "Things heard, by what they came to.", pairs, tally.turns)
    yield _times("turn_seconds", "From the queue to the commit, of answers.", tally.turn_times)
    yield _counter("sends", "Calls to a channel, by what it answered.", pairs, tally.sends)
    yield _times("send_seconds", "How long a channel took to answer.", tally.send_times)
    yield _counter(
        "refused", "Requests turned away before any turn.", ("where", "why"), tally.refusals
    )
    yield _gauge(
        "round_ended_timestamp_seconds",
        "When this process last went through a round.",
        ("round",),
        {(name,): at for name, at in tally.rounds.items()},
    )
    since = {(): tally.open_since}
    yield _gauge("open_since_timestamp_seconds", "When this process opened.", (), since)


def _of_process(office: Office) -> Iterator[Metric]:
    waiting = {(): office.database.waiting}
    yield _gauge("waiting_pieces", "Pieces of work that wait for the writer.", (), waiting)
    frozen = {(): gc.get_freeze_count()}
    yield _gauge("gc_frozen_objects", "Objects that the collector leaves alone.", (), frozen)
    yield from _of_spool(office)
    yield _counter(
        "updates", "What platforms delivered, by kind, also what was refused.", ("kind",), _kinds()
    )


def _of_spool(office: Office) -> Iterator[Metric]:
    if office.spool is None:
        return
    try:
        lying = office.spool.lying()
    except OSError:
        return
    age = (office.database.clock() - lying.oldest_at).total_seconds() if lying.oldest_at else 0.0
    yield _gauge("spool_events", "About how many wait in the spool.", (), {(): lying.events})
    yield _gauge("spool_bytes", "How much lies in the spool.", (), {(): lying.bytes})
    yield _gauge(
        "spool_oldest_seconds", "How long the first has waited there.", (), {(): max(age, 0.0)}
    )
    yield _gauge(
        "spool_aside_files", "Files of it that were kept for a look.", (), {(): lying.aside}
    )


def _of_database(office: Office, seen: Lying | None) -> Iterator[Metric]:
    kind = {("sqlite" if office.database.is_file else "postgresql",): 1}
    yield _gauge("database_kind", "Which store is in use; always 1.", ("kind",), kind)
    is_up = {(): 0 if seen is None else 1}
    yield _gauge("database_up", "Whether the database could be read just now.", (), is_up)
    if seen is not None:
        yield from _of_letters(seen)
        failed = {(): seen.failed}
        yield _gauge("failed_events", "Events that broke and wait for replay.", (), failed)
        halted = {(name,): seconds for name, seconds in seen.halted.items()}
        yield _gauge(
            "halted_seconds", "How long a channel must still be left alone.", ("channel",), halted
        )
        yield from _of_tokens(office, seen)


def _of_tokens(office: Office, seen: Lying) -> Iterator[Metric]:
    ends = {(name,): ends_at for name, (ends_at, _) in seen.tokens.items()}
    yield _gauge(
        "token_ends_timestamp_seconds", "When the token of a channel ends.", ("channel",), ends
    )
    needed = {(name,): int(is_needed) for name, (_, is_needed) in seen.tokens.items()}
    # A channel that speaks with tokens and never had any waits for consent as well.
    needed |= {(name,): 1 for name in _WITH_TOKENS & set(office.abilities) - set(seen.tokens)}
    yield _gauge(
        "consent_needed", "Whether a person must consent again; until then nothing is sent.",
        ("channel",), needed,
    )  # fmt: skip


def _of_letters(seen: Lying) -> Iterator[Metric]:
    waiting: Counter[tuple[str, ...]] = Counter()
    ages: dict[tuple[str, ...], float] = {}
    for one in seen.waiting:
        waiting[one.channel, one.lane, one.state] += one.letters
        lane = (one.channel, one.lane)
        age = seen.seen_at - one.due_at.timestamp() if one.due_at else 0.0
        ages[lane] = max(age, ages.get(lane, 0.0))
    stuck: Counter[tuple[str, ...]] = Counter()
    for some in seen.stuck:
        # Not the reason: it is a channel's own word, and there may be many.
        stuck[some.channel, some.state] += some.letters
    names = ("channel", "lane", "state")
    yield _gauge("letters", "Letters still to be sent.", names, waiting)
    yield _gauge("oldest_letter_seconds", "For how long the oldest has been due.", names[:2], ages)
    yield _gauge(
        "stuck_letters", "Letters that found no way and were not looked at.",
        ("channel", "state"), stuck,
    )  # fmt: skip


def _kinds() -> dict[tuple[str], int]:
    """Return the commonest kinds of updates by name and the rest as one.

    Platforms that are not set up are not loaded, and count nothing.
    """
    heard: Counter[str] = Counter()
    for module, before in _PLATFORMS.items():
        kinds = getattr(sys.modules.get(module), "heard_kinds", {})
        heard.update({f"{before}{kind}": count for kind, count in kinds.items()})
    kinds = {(str(name),): count for name, count in heard.most_common(_MOST_UPDATE_KINDS)}
    rest = heard.total() - sum(kinds.values())
    return kinds | ({(OTHER,): rest} if rest else {})


def _gauge(
    name: str, meaning: str, labels: tuple[str, ...], values: Mapping[Any, float]
) -> Metric:
    family = GaugeMetricFamily(f"ketdoan_{name}", meaning, labels=labels)
    return _filled(family, values)


def _counter(
    name: str, meaning: str, labels: tuple[str, ...], values: Mapping[Any, int]
) -> Metric:
    family = CounterMetricFamily(f"ketdoan_{name}", meaning, labels=labels)
    return _filled(family, values)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[Any, float]
) -> Metric:
    for labels, value in sorted(values.items()):
        family.add_metric(labels, value)
    return family


def _times(name: str, meaning: str, times: Times) -> Metric:
    family = HistogramMetricFamily(f"ketdoan_{name}", meaning, labels=("channel",))
    for channel, columns in sorted(times.columns.items()):
        family.add_metric((channel,), list(_heaped(times.bounds, columns)), sum_value=None)
    return family


def _heaped(bounds: Iterable[float], columns: Iterable[int]) -> Iterator[tuple[str, float]]:
    """Return each bound with how many took no longer."""
    heap = 0
    for bound, count in zip((*bounds, float("inf")), columns, strict=True):
        heap += count
        yield ("+Inf" if bound == float("inf") else str(bound), heap)


# --- the server ----------------------------------------------------------------------------------


class _Answer(BaseHTTPRequestHandler):
    """Answers one look at `/metrics`; says nothing else and writes down nobody's address."""

    server: "Page"
    server_version = "ketdoan"
    sys_version = ""
    # Who opens a line and says nothing holds up the next one no longer than this.
    timeout = 5

    def do_GET(self) -> None:
        """Send the page."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
            return
        page = generate_latest(self.server.registry)
        self.send_response(200)
        self.send_header("content-type", TYPE)
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Write nothing: a line may hold whatever was sent."""


class Page(HTTPServer):
    """Serves the page, one look after the other, beside everything else."""

    def __init__(self, office: Office, host: str, port: int) -> None:
        """Listen on *host* and *port*. Raises OSError."""
        self.address_family = AF_INET6 if ":" in host else AF_INET
        super().__init__((host, port), _Answer)
        self.registry = CollectorRegistry()
        self.registry.register(Counts(office))
        ProcessCollector(registry=self.registry)
        self._serving = threading.Thread(target=self.serve_forever, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._serving.start()

    def close(self) -> None:
        """Stop answering and let go of the port."""
        self.shutdown()
        self._serving.join()
        self.server_close()

    def server_bind(self) -> None:
        """Bind without asking the network for our name, as HTTPServer does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say where it broke, and not to whom."""
        del request, client_address
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            log.error("metrics", error=place_of(error))


def show(office: Office, host: str, port: int) -> Page:
    """Show the counts of *office* on *host* and *port*. Raises OSError."""
    page = Page(office, host, port)
    page.start()
    return page
