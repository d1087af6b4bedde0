"""A job as `show` tells it."""

from collections.abc import Mapping, Sequence
from typing import Any

from gradmill.cli.output import shown
from gradmill.cli.words import OPTIONS, translated
from gradmill.progress import best, last, stopped
from gradmill.synchronous.job import Job

MOST_CHARACTERS = 90  # of a list in one line

_CHOSEN = "(chosen)"


def fields_of(job: Job, columns: Sequence[str] = ()) -> dict[str, Any]:
    """By name, in their order; what there is nothing to say of is left out. `columns` are those of its dataset, of which all
    are features that are nothing else, unless it names some."""
    data, training = job.dataset, job.training
    told = {
        "layers": _few([_layer(each) for each in job.network.get("layers", ())], "layers"),
        "loss": _named(training.get("loss")),
        "optimizer": _optimizer(training.get("optimizer")),
        "batch_size": training.get("batch_size"),
        "validation": _validation(training.get("validation")),
        "early_stopping": _early(training.get("early_stopping")),
        "metrics": _few([_named(each) for each in training.get("metrics") or ()], "metrics"),
    }
    asked = {name.replace("_", " "): _with_choice(value, name, job.chosen) for name, value in told.items()}
    fields = {
        "job": job.id,
        "name": job.name,
        "status": job.status,
        "best": best(job),
        "last": last(job),
        "stopped": stopped(job),
        "error": translated(job.error.message) if job.error else None,
        "hint": translated(getattr(job.error, "hint", "")),
        "created": job.created_at,
        "started": job.started_at,
        "finished": job.finished_at,
        "dataset": data.get("id"),
        "rows": _rows(job.plan),
        "target": _few(_listed(data.get("target")), "targets"),
        "features": _with_choice(_few(_features(data, columns), "features"), "features", job.chosen),
        **asked,
        "parameters": job.plan.get("parameters"),
        "also chosen": _others(job.chosen, told),
        "metadata": job.metadata,
    }
    return {name: value for name, value in fields.items() if value not in (None, "", {})}


def _with_choice(value: Any, name: str, chosen: Mapping[str, Any]) -> str | None:
    if value in (None, ""):
        return None
    return f"{value}  {_CHOSEN}" if any(_last(pointer) == name for pointer in chosen) else str(value)


def _others(chosen: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """What was chosen and has no line of its own."""
    others = {pointer: value for pointer, value in chosen.items() if _last(pointer) not in (*told, "features")}
    return ", ".join(f"{OPTIONS.get(pointer, pointer).lstrip('-/')} {_named(value)}" for pointer, value in others.items())


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2]


def _features(data: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    others = {*_listed(data.get("target")), data.get("weight")}
    return _listed(data.get("features")) or [name for name in columns if name not in others]


def _layer(layer: Mapping[str, Any]) -> str:
    """64:relu, as --layers takes it; another than a dense one by its type."""
    kind = layer.get("type", "dense")
    size = layer.get("units", layer.get("filters"))
    words = [] if kind == "dense" else [str(kind)]
    activation = _named(layer.get("activation"))
    if size is not None:
        words.append(f"{size}:{activation}" if activation not in ("", "identity") else str(size))
    elif activation:
        words.append(activation)
    return " ".join(words)


def _optimizer(optimizer: Any) -> str:
    rate = optimizer.get("learning_rate") if isinstance(optimizer, dict) else None
    return _named(optimizer) + (f", learning rate {shown(rate)}" if rate is not None else "")


def _validation(validation: Any) -> str | None:
    if not isinstance(validation, dict):
        return None
    return ", ".join(f"{name} {shown(value)}" for name, value in validation.items() if value not in (None, False))


def _early(stopping: Any) -> str | None:
    return f"patience {stopping['patience']}" if isinstance(stopping, dict) and "patience" in stopping else None


def _rows(plan: Mapping[str, Any]) -> str | None:
    if "training_rows" not in plan:
        return None
    held_out = plan.get("validation_rows")
    return f"{plan['training_rows']:,} to train on" + (f", {held_out:,} held out" if held_out else "")


def _named(value: Any) -> str:
    """A part that has settings by its type."""
    return str(value.get("type", value)) if isinstance(value, dict) else "" if value is None else shown(value)


def _listed(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def _few(texts: Sequence[str], noun: str) -> str:
    told = ", ".join(texts)
    return told if len(told) <= MOST_CHARACTERS else f"{len(texts):,} {noun}: {told[:MOST_CHARACTERS]}…"
