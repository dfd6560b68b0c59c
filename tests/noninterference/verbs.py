"""Every verb that reads: what everybody may see of each, as bytes."""

from __future__ import annotations

import asyncio
import re
import shutil
from functools import cache
from pathlib import Path

import httpx
import typer
import uproot

from daq.config import Config
from daq.errors import DumpwatchError
from dumpwatch import build_app
from monitor.api.app import make_app
from monitor.api.site import Site
from monitor.api.view import LedgerView
from monitor.api.watcher import Watcher
from monitor.ledger import Ledger
from monitor.services.roles import control_room
from offline.ledger_files import export_books, import_books
from offline.minirecords.product import NAME as MINIRECORDS
from offline.replay.burst import count_burst
from offline.replay.work import Work
from streaming.tally import HISTOGRAMS
from tests.noninterference import seam
from tests.noninterference.place import HERE, RUN, Observed, Place, tree, watched

PAGES = ("/", "/spill/7/1", "/run/7", "/runbook", "/docs", "/metrics", "/healthz", "/readyz")
ANSWERS = (
    "status", "spills", "spills?last=3", "pot?by=spill", "pot?by=run", "pot?by=day", "pot?by=b2", "runs", "runs/7",
    "runs/8", "spills/7/1", "spills/7/999", "streams", "streams?last=5", "halo?run=7", "log", "alarms", "alerts",
    "runbook", "geometry/chod", "geometry/muv3", "sealed", "spills/7/1/sealed", "spills/7/1/histograms/sealed",
)  # fmt: skip
"""Answers of the API; the last three are none, and have to say so in the same words."""

COMMANDS = (
    ("spills",), ("spills", "--json"), ("spills", "history", "7/1"), ("pot",), ("pot", "--by", "spill", "--json"),
    ("pot", "--by", "spill", "--csv"), ("pot", "gaps"), ("books", "verify"), ("alarms", "show"),
    ("alarms", "calibrate"), ("log", "list"), ("blind", "status"), ("blind", "status", "--json"), ("blind", "audit"),
    ("blind", "audit", "--json"),
)  # fmt: skip


NEWEST = 20
"""Newest bursts whose page is asked for."""


class Desk:
    """The control room over a ledger, at a fixed clock, without sockets."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.chain: dict[str, object] = {}
        setup = control_room(place.keys.config)
        config = place.keys.config.monitor
        self.site = Site(LedgerView(place.url), lambda: self.chain, config, seam.CLOCK.time_ns, setup)
        self.site.instance = "fixed"
        self.app = make_app(self.site)

    def close(self) -> None:
        self.site.close()

    def look(self, number: int) -> Observed:
        """Every answer, the metrics, the pages and what a viewer is told."""
        HERE[:] = [self.place]
        seam.begin(number + 1)
        self.chain = {**self.place.wire.status, "updated_ns": seam.CLOCK.time_ns()}
        paths = [*PAGES, *(f"/api/v1/{name}" for name in ANSWERS)]
        paths += [f"/api/v1/spills/{RUN}/{burst}" for burst in range(max(1, number - NEWEST), number + 1)]
        paths += [f"/api/v1/{where}histograms/{n}" for where in ("", f"spills/{RUN}/{number}/") for n in HISTOGRAMS]
        with watched(self.place.folder) as seen:
            answers = asyncio.run(self._ask(paths))
        return {f"http {name}": said for name, said in (answers | seen).items()}

    async def _ask(self, paths: list[str]) -> Observed:
        while not self.site.update():
            pass
        found: Observed = {}
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for path in paths:
                answer = await client.get(path)
                found[path] = f"{answer.status_code} {sorted(answer.headers.items())} ".encode() + answer.content
            found["stream"] = await self._stream(client)
        found["told"] = await self._told()
        return {path: _plain(body, self.place) for path, body in found.items()}

    async def _stream(self, client: httpx.AsyncClient) -> bytes:
        """First event of the stream of events."""
        asking = asyncio.create_task(client.get("/api/v1/stream"))
        for _ in range(1000):
            if len(self.site.broadcaster):
                break
            await asyncio.sleep(0.001)
        for viewer in list(self.site.broadcaster._viewers):
            viewer.stop()
        return (await asking).content

    async def _told(self) -> bytes:
        """What a viewer is told when all rows are new."""
        viewer = self.site.broadcaster.join()
        watcher = Watcher(self.site)
        now = self.site.look()
        await watcher._tell_news(now.seen, max(0, now.seen.entry - 3))
        watcher._tell_alarms(now)
        watcher._tell_status(now)
        self.site.broadcaster.leave(viewer)
        viewer.stop()
        told = []
        while (event := await viewer.next(1.0)) is not None:
            told.append(event)
        return b"".join(told)


def _plain(body: bytes, place: Place) -> bytes:
    """Without what is not of this program: the place on disk, and the room that is left there."""
    lines = body.replace(str(place.folder).encode(), b"PLACE").split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(b"dumpwatch_ledger_disk_free_ratio "))


def commands(place: Place) -> Observed:
    """Output and exit code of every command that reads a ledger."""
    found: Observed = {}
    for words in COMMANDS:
        more = ["--config", str(place.keys.file)] if words[0] in ("alarms", "blind") else []
        found[f"command {' '.join(words)}"] = run([*words, "--ledger", place.url, *more], place)
    return found


@cache
def _program():
    return typer.main.get_command(build_app())


def run(words: list[str], place: Place) -> bytes:
    """Run one command in this process: what it says, and its exit code or error."""
    HERE[:] = [place]
    code = "0"
    with watched(place.folder) as seen:
        try:
            _program().main(words, standalone_mode=False)
        except typer.Exit as end:
            code = f"{end.exit_code}"
        except DumpwatchError as error:
            code = f"{error.exit_code} {place.plain(str(error))}"
    said = [_WHEN.sub(b"", text) for text in seen.values()]
    return b"\n".join([f"exit {code}".encode(), *said])


_WHEN = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}")
"""Time before a line of the log, by the clock of the logging module."""


def export(place: Place) -> Observed:
    """The ledger as a file of each kind, and imported again."""
    folder = place.folder / "export"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for ending in (".csv", ".json", ".parquet"):
        export_books(place.ledger, folder / f"books{ending}")
    found = {f"export {name}": said for name, said in tree(folder).items()}
    with Ledger.open(f"sqlite:///{folder}/again.db", now_ns=seam.CLOCK.time_ns) as books:
        found["import"] = repr(import_books(books, folder / "books.csv")).encode()
        found["import rows"] = repr([row.document for row in books.rows()]).encode()
    return found


def replay(place: Place, number: int, *, public: bool = True) -> Observed:
    """Count the recordings of a burst again, compare with the books, list the events.

    public : also the public one; not where its bytes are known to be those of one that was counted
    """
    HERE[:] = [place]
    found: Observed = {}
    with watched(place.folder) as seen:
        for kind in ("public", "clear") if public else ("clear",):
            counted = _recount(place, place.recording(kind, number), place.keys.config)
            found |= {f"replay {kind} {what}": said for what, said in counted.items()}
    return found | {f"replay {name}": said for name, said in seen.items()}


def _recount(place: Place, path: Path, config: Config) -> Observed:
    """Row, histograms and mini-records of a recording."""
    if not path.exists():
        return {"row": b"no recording"}
    into = place.folder / "records"
    shutil.rmtree(into, ignore_errors=True)
    try:
        counted = count_burst(str(path), Work.of(config, products=(MINIRECORDS,), into=str(into)))
    except DumpwatchError as error:
        return {"row": place.plain(str(error))}
    booked = place.ledger.measured(*counted.spill.key)
    agrees = booked is not None and booked.content() == counted.spill.content()
    found = {"row": counted.pack().replace(str(into).encode(), b"INTO"), "verify": b"%d" % agrees}
    return found | tree(into)


def moved(place: Place, number: int) -> Observed:
    """Count the recordings with a smaller mask: of a clear one that has to be refused."""
    HERE[:] = [place]
    config = place.keys.config
    gate = config.gate.model_copy(update={"guard_z_m": 0.0, "guard_cda_mm": 0.0})
    smaller = config.model_copy(update={"gate": gate})
    return {
        f"moved {kind} {what}": said
        for kind in ("public", "clear")
        for what, said in _recount(place, place.recording(kind, number), smaller).items()
    }


def union(place: Place, number: int) -> Observed:
    """Book what live took in, and both replays after it, into one ledger; then export that."""
    folder = place.folder / "union"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    live, tally = place.ledger.spill(RUN, number), place.ledger.histograms(RUN, number).tally
    url = f"sqlite:///{folder}/ledger.db"
    with Ledger.open(url, now_ns=seam.CLOCK.time_ns) as books:
        found = {"union live": books.commit(live, tally).encode()}
    for words in (("replay", "--verify", "--json"), ("watch", "--once", "--json"), ("replay",)):
        for kind in ("public", "clear"):
            root = place.recording(kind, number).parent.parent
            if any(root.rglob("*.arrows")):
                said = run([*words, str(root), "--ledger", url, "--config", str(place.keys.file)], place)
                found[f"union {words[0]} {kind}"] = said
    with Ledger.open(url, readonly=True) as books:
        found["union rows"] = repr([(row.document, row.note) for row in books.rows()]).encode()
    return found


def tables(place: Place, number: int) -> Observed:
    """Mini-records of recordings, as files for other programs."""
    found: Observed = {}
    for kind, form in (("public", "parquet"), ("clear", "parquet"), ("clear", "root")):
        into = place.folder / "tables"
        shutil.rmtree(into, ignore_errors=True)
        path = place.recording(kind, number)
        if path.exists():
            words = ["export", str(path), "--format", form, "-o", str(into), "--config", str(place.keys.file)]
            found[f"tables {kind} {form}"] = run(words, place)
            files = tree(into) if form == "parquet" else _root(into)
            found |= {f"tables {kind} {form} {name}": said for name, said in files.items()}
    return found


def _root(folder: Path) -> Observed:
    """Names, sizes and columns of ROOT files; the files themselves hold the time and a number of their own."""
    found = {name: said for name, said in tree(folder).items() if not name.endswith(".root")}
    for path in sorted(folder.rglob("*.root")):
        found[f"size {path.name}"] = b"%d" % path.stat().st_size
        with uproot.open(path) as file:
            for place in file.keys(cycle=False):
                if not hasattr(file[place], "arrays"):
                    found[f"{path.name} {place}"] = str(file[place]).encode()
                    continue
                for name, column in file[place].arrays(library="np").items():
                    found[f"{path.name} {place} {name}"] = repr((column.dtype, column.tolist())).encode()
    return found
