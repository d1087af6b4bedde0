"""What the endpoints stand on: one `Service` per process, opened and closed with the application."""

import asyncio
import gc
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi import Path as PathParameter

from api.beside import Beside
from api.exports import Exports
from api.limits.arrivals import Arrivals
from api.limits.places import Places
from api.limits.rates import Rates
from api.limits.room import Room
from api.limits.turns import Turns
from api.models import Models
from api.readiness import Readiness, look
from api.scratch import scratch
from api.uses import Uses
from api.watch import Watcher
from core.errors import NotFound
from core.folders import make_private
from core.ids import is_id
from core.queue import Dispatcher
from core.settings import Settings
from core.store import Caller, Store, connect

# At once, and of these one tenant's: the last is always another's.
PARSERS, PARSERS_OF_ONE = 3, 2  # uploads that are read; each may take a whole core and parse_memory_bytes
JUDGES, JUDGES_OF_ONE = 3, 2  # large jobs; each may take seconds, and many times its size in memory
HOLDERS, HOLDERS_OF_ONE = 3, 2  # large requests that stay in memory while they wait or are worked on: rows to predict
RESOLVERS, RESOLVERS_OF_ONE = 8, 2  # names of webhooks' receivers, each of which may take three seconds
CONVERTERS = 1  # weights made into another form, several times over in memory
PREDICTORS, PREDICTORS_OF_ONE = 3, 2  # blocks of rows that run through a network
MOST_WAITING_PREDICTIONS, MOST_PREDICTIONS_OF_ONE = 256, 128  # they are short
TABLES, TABLES_OF_ONE = 8, 3  # large datasets that are predicted; the file of each is on the disk meanwhile
PATIENCE_S = 30.0  # with those two kinds, whose turns may be long

MOST_EXPORT_BYTES, MOST_EXPORTS = 2**30, 128  # of the disk, for weights in other forms, which are kept for whoever asks again

# A megabyte of JSON lists makes a hundred thousand objects. The collector would look at them again and again as they are made.
OBJECTS_PER_COLLECTION = 50_000


@dataclass(frozen=True, slots=True)
class Service:
    settings: Settings
    store: Store
    watcher: Watcher  # of jobs
    feeds: Watcher  # of tenants, by the last number of their events
    dispatcher: Dispatcher | None  # None where no broker is set: the sweeper of another process announces the jobs then
    files: Path  # uploads and answers on their way; emptied at the end
    parsing: Turns
    judging: Turns
    holding: Turns
    converting: Turns
    predicting: Turns
    opening: Turns
    room: Room
    exports: Exports
    models: Models
    beside: Beside
    readiness: Readiness
    uses: Uses
    rates: Rates | None  # None where requests are not counted
    places: Places
    streams: Places
    arrivals: Arrivals
    resolving: Turns  # names of receivers

    def wake(self) -> None:
        if self.dispatcher is not None:
            self.dispatcher.poke()


@asynccontextmanager
async def opened(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """The service, from the application's start to its end."""
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    make_private(settings.data_dir)
    store = Store(connect(settings.database, statement_timeout_s=settings.statement_timeout_s))
    dispatcher = Dispatcher(store, settings) if settings.redis_url else None
    watcher, feeds = Watcher(store.jobs.versions), Watcher(store.feed.lasts)
    with scratch(settings.data_dir) as files:
        readiness = Readiness(partial(look, settings, store))
        uses = Uses(store.keys.used)
        per_minute = settings.tenant_requests_per_minute
        rates = Rates(settings.redis_url, per_minute) if settings.redis_url and per_minute else None
        app.state.service = Service(
            settings=settings,
            store=store,
            watcher=watcher,
            feeds=feeds,
            dispatcher=dispatcher,
            files=files,
            parsing=Turns(PARSERS, share=PARSERS_OF_ONE),
            judging=Turns(JUDGES, share=JUDGES_OF_ONE),
            holding=Turns(HOLDERS, share=HOLDERS_OF_ONE),
            converting=Turns(CONVERTERS),
            predicting=Turns(PREDICTORS, MOST_WAITING_PREDICTIONS, MOST_PREDICTIONS_OF_ONE, PREDICTORS_OF_ONE),
            opening=Turns(TABLES, share=TABLES_OF_ONE, patience_s=PATIENCE_S),
            room=Room(files, settings.max_answer_bytes, settings.tenant_answer_bytes),
            exports=Exports(files, MOST_EXPORT_BYTES, MOST_EXPORTS),
            models=Models(store, settings.max_models_bytes),
            beside=Beside(store),
            readiness=readiness,
            uses=uses,
            rates=rates,
            places=Places(settings.tenant_open_requests),
            streams=Places(settings.tenant_open_streams, "streams", "are open"),
            arrivals=Arrivals(settings.tenant_open_uploads, settings.tenant_open_upload_bytes),
            resolving=Turns(RESOLVERS, share=RESOLVERS_OF_ONE, patience_s=PATIENCE_S),
        )
        watcher.start()
        feeds.start()
        if dispatcher is not None:
            dispatcher.start()
        try:
            with _told_to_stop(watcher.close, feeds.close):
                yield
        finally:
            await watcher.stop()
            await feeds.stop()
            await readiness.stop()
            await uses.stop()
            app.state.service.exports.clear()
            if dispatcher is not None:
                await asyncio.to_thread(dispatcher.stop)
            store.close()


@contextmanager
def _told_to_stop(*closing: Callable[[], None]) -> Iterator[None]:
    """Calls all of `closing` when the server is told to stop: it waits for its requests, and these may wait for a minute."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def stop(number: int, frame: FrameType | None) -> None:
        for close in closing:
            loop.call_soon_threadsafe(close)
        before[number](number, frame)

    for signal_number in (signal.SIGTERM, signal.SIGINT):
        if callable(handler := signal.getsignal(signal_number)):
            before[signal_number] = handler
            signal.signal(signal_number, stop)
    try:
        yield
    finally:
        for restored, handler in before.items():
            signal.signal(restored, handler)


async def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def tenant_of(request: Request) -> str:
    """Whose request it is: that of the key, which `api.keys` has looked at before."""
    caller: Caller = request.scope["caller"]
    return caller.tenant


_DIGITS = "01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"


JobIdInPath = Annotated[str, PathParameter(examples=[f"job_{_DIGITS}"])]


def job_id_checked(job_id: str) -> str:
    """NotFound for what cannot be the id of a job."""
    if not is_id("job", job_id):
        raise NotFound(f"there is no job {job_id[:60]!r}")
    return job_id


async def job_id_of(job_id: JobIdInPath) -> str:
    return job_id_checked(job_id)


async def _dataset_id(dataset_id: Annotated[str, PathParameter(examples=[f"ds_{_DIGITS}"])]) -> str:
    if not is_id("ds", dataset_id):
        raise NotFound(f"there is no dataset {dataset_id[:60]!r}")
    return dataset_id


async def _sent_weights_id(weights_id: Annotated[str, PathParameter(examples=[f"wt_{_DIGITS}"])]) -> str:
    if not is_id("wt", weights_id):
        raise NotFound(f"there are no weights {weights_id[:60]!r}")
    return weights_id


TheService = Annotated[Service, Depends(service_of)]
Tenant = Annotated[str, Depends(tenant_of)]
JobId = Annotated[str, Depends(job_id_of)]
DatasetId = Annotated[str, Depends(_dataset_id)]
SentWeightsId = Annotated[str, Depends(_sent_weights_id)]
