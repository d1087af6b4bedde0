"""/v1/networks.

Made from asynchronous/networks.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Mapping
from typing import Any

from gradmill.answering import model_of
from gradmill.answers import CheckAnswer
from gradmill.calls import post
from gradmill.requests import Data, Network, Training, job_request
from gradmill.synchronous.transport import Transport


class Networks:
    """What a network would be, without training it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def check(
        self,
        network: Network = "auto",
        dataset: Data | None = None,
        training: Training | None = None,
    ) -> CheckAnswer:
        """The dry run of a job: its layers, parameters, memory and time. InvalidSpec has all that is wrong in `errors`."""
        return self.check_job(job_request(network, dataset, training))

    def check_job(self, request: Mapping[str, Any]) -> CheckAnswer:
        """The dry run of a job as the API takes it."""
        return model_of(CheckAnswer, self._transport.json(post("/v1/networks/check", dict(request))))
