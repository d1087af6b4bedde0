"""The application: `uvicorn api.app:app`."""

from contextlib import AbstractAsyncContextManager
from functools import partial

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from api import assets, docs, errors
from api.deps import opened
from api.edge import Door, RequestIds
from api.keys import ApiKeys
from api.openapi import document
from api.parameters import known_parameters
from api.routes import (
    datasets,
    events,
    health,
    history,
    jobs,
    networks,
    predictions,
    sent_weights,
    snapshots,
    steering,
    webhooks,
    weights,
)
from api.streaming import Outlet
from core.settings import Settings
from core.settings import settings as of_this_process

VERSION = "0.1.0"
DESCRIPTION = """Trains neural networks: submit a network, its data and its training; follow the epochs; download the weights.

Errors are problem documents (RFC 9457) that name every mistake with its place, its value and what is allowed.
Times are RFC 3339 in UTC, ids sort by age, lists come in pages with a cursor."""
TAGS = [
    {"name": "datasets", "description": "Tables to train on, described column by column."},
    {"name": "networks", "description": "What a network would be, without training it."},
    {"name": "jobs", "description": "Trainings, from the request to the weights."},
    {"name": "weights", "description": "Weights of your own, for jobs to start from."},
    {"name": "webhooks", "description": "Messages that tell another service what happens to jobs."},
    {"name": "service", "description": "The state of the service itself."},
]


def create_app(settings: Settings | None = None) -> FastAPI:
    """Opens nothing before it is started."""
    chosen = settings or of_this_process()

    def lifespan(app: FastAPI) -> AbstractAsyncContextManager[None]:
        return opened(app, chosen)

    app = FastAPI(
        title="Gradmill",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_name,
    )
    app.add_middleware(Outlet)
    app.add_middleware(Door, allowed_hosts=chosen.allowed_hosts)
    app.add_middleware(RequestIds)
    errors.install(app)
    for module in (
        datasets,
        networks,
        jobs,
        steering,
        history,
        events,
        weights,
        snapshots,
        predictions,
        sent_weights,
        webhooks,
    ):
        app.include_router(module.router, dependencies=[Depends(ApiKeys()), Depends(known_parameters)])
    app.include_router(health.router, dependencies=[Depends(known_parameters)])
    docs.install(app)
    assets.install(app)
    app.state.longest_wait_s = chosen.max_wait_s
    app.openapi = partial(document, app)  # type: ignore[method-assign]
    return app


def _name(route: APIRoute) -> str:
    return route.operation_id or route.name


app = create_app()
