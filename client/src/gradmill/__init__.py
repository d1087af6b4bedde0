"""A client of Gradmill: trains neural networks on a service, from Python.

import gradmill

client = gradmill.Client()
dataset = client.datasets.upload("iris.csv")
job = client.jobs.create(dataset={"id": dataset.id, "target": "species"}).wait().check()
job.weights()
"""

from gradmill import spec, webhooks
from gradmill.asynchronous.client import AsyncClient
from gradmill.asynchronous.job import AsyncJob, AsyncJobSummary
from gradmill.doubts import GradmillWarning
from gradmill.errors import (
    APIError,
    BadAddress,
    BadInput,
    BadRequest,
    Busy,
    CapacityExceeded,
    Conflict,
    CrossSite,
    Diverged,
    Forbidden,
    GradmillError,
    IdempotencyMismatch,
    InternalError,
    Invalid,
    InvalidData,
    InvalidJSON,
    InvalidParameter,
    InvalidRequest,
    InvalidSpec,
    JobFailed,
    MethodNotAllowed,
    Misdirected,
    Mistake,
    NoService,
    NotAcceptable,
    NotFound,
    NotReachable,
    NotVerified,
    QuotaExceeded,
    RangeNotSatisfiable,
    RequestTimeout,
    ServerError,
    StorageFull,
    TooLarge,
    TooManyJobs,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    Unexportable,
    UnsupportedMediaType,
    Untraceable,
    WaitedTooLong,
)
from gradmill.events import EpochEvent, FeedEvent, JobEvent
from gradmill.predictions import Predictions
from gradmill.retrying import Retries
from gradmill.synchronous.client import Client
from gradmill.synchronous.job import Job, JobSummary
from gradmill.training import Model, train
from gradmill.version import __version__

__all__ = [
    "APIError",
    "AsyncClient",
    "AsyncJob",
    "AsyncJobSummary",
    "BadAddress",
    "BadInput",
    "BadRequest",
    "Busy",
    "CapacityExceeded",
    "Client",
    "Conflict",
    "CrossSite",
    "Diverged",
    "EpochEvent",
    "FeedEvent",
    "Forbidden",
    "GradmillError",
    "GradmillWarning",
    "IdempotencyMismatch",
    "InternalError",
    "Invalid",
    "InvalidData",
    "InvalidJSON",
    "InvalidParameter",
    "InvalidRequest",
    "InvalidSpec",
    "Job",
    "JobEvent",
    "JobFailed",
    "JobSummary",
    "MethodNotAllowed",
    "Misdirected",
    "Mistake",
    "Model",
    "NoService",
    "NotAcceptable",
    "NotFound",
    "NotReachable",
    "NotVerified",
    "Predictions",
    "QuotaExceeded",
    "RangeNotSatisfiable",
    "RequestTimeout",
    "Retries",
    "ServerError",
    "StorageFull",
    "TooLarge",
    "TooManyJobs",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Unexportable",
    "UnsupportedMediaType",
    "Untraceable",
    "WaitedTooLong",
    "__version__",
    "spec",
    "train",
    "webhooks",
]
