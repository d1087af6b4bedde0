"""What one job may be, by its tenant's quotas. How many jobs and bytes there may be in all is the store's to say."""

from api.deps import Service
from core.errors import Conflict, Problem, QuotaExceeded
from core.nn.planning.plan import Plan
from core.quotas import Quotas
from core.store import Job


def quotas_of(service: Service, tenant: str) -> Quotas:
    return service.store.quotas.of(tenant, service.settings.quotas)


def check_job(quotas: Quotas, plan: Plan, budget_s: float | None) -> None:
    """QuotaExceeded with everything that is more than it may be."""
    rows = plan.training_rows + plan.validation_rows
    seconds = plan.estimated_seconds if budget_s is None else budget_s
    problems = []
    if quotas.parameters is not None and plan.parameters > quotas.parameters:
        told = f"parameters: the network has {plan.parameters:,}, your quota is {quotas.parameters:,}"
        problems.append(Problem("/network", told))
    if quotas.rows is not None and rows > quotas.rows:
        problems.append(Problem("/dataset", f"rows: the job looks at {rows:,}, your quota is {quotas.rows:,}"))
    if quotas.job_s is not None and seconds > quotas.job_s:
        told = f"job_s: it would take about {seconds:,.3g} seconds, your quota is {quotas.job_s:,.3g}"
        problems.append(Problem("/training" if budget_s is None else "/training/budget_s", told))
    if problems:
        raise QuotaExceeded("; ".join(problem.message for problem in problems), problems)


def check_again(service: Service, quotas: Quotas, job: Job) -> None:
    """QuotaExceeded or Conflict where a job that was taken before is more than may be sent now. No pointers: the request that
    they would lead into is not here."""
    plan, training, settings = Plan.model_validate(job.plan), job.spec["training"], service.settings
    try:
        check_job(quotas, plan, training.get("budget_s"))
    except QuotaExceeded as error:
        raise QuotaExceeded(error.message) from None
    for has, value, most in (
        ("parameters", plan.parameters, settings.max_parameters),
        ("bytes for its training", plan.memory_bytes, settings.max_training_bytes),
        ("threads", training.get("threads", 1), settings.max_threads),
    ):
        if value > most:
            raise Conflict(f"job {job.id} cannot be retried: it has {value:,} {has}; this service takes {most:,} or fewer now")


def check_rows(quotas: Quotas, rows: int) -> None:
    """QuotaExceeded where a dataset has more rows than it may."""
    if quotas.rows is not None and rows > quotas.rows:
        raise QuotaExceeded(f"rows: the dataset has {rows:,}, your quota is {quotas.rows:,}")
