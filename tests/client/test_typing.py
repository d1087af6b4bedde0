"""What a type checker and an editor know of the client."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOOD = """
import gradmill
from gradmill import spec

hidden = spec.Dense(units=16, activation="relu")
layers: list[spec.Layer] = [hidden, {"type": "residual", "layers": [{"units": 16}]}, "relu", {"units": 3}]
training: spec.TrainingRequest = {"loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "beta1": 0.8}, "epochs": 5}
client = gradmill.Client()
job = client.jobs.create(layers, {"id": "ds_1", "target": "species"}, training).wait().check()
reveal_type(job.progress.loss)
reveal_type([epoch.loss for epoch in job.epochs()])
reveal_type(gradmill.train("auto", [[1.0]], [2.0], epochs=3, optimizer="lbfgs", batch_size="full").job)
"""
BAD = """
import gradmill
from gradmill import spec

activation: spec.Activation = "rleu"
layer: spec.Dense = {"type": "dense", "unit": 3}
optimizer: spec.Optimizer = {"type": "adam", "beta": 0.8}
gradmill.train("auto", [[1.0]], [2.0], epoch=3)
gradmill.Client().jobs.list(status="done")
"""


def checked(text, tmp_path):
    (tmp_path / "mine.py").write_text(text)
    (tmp_path / "mypy.ini").write_text(f"[mypy]\nmypy_path = {ROOT / 'client' / 'src'}\n")
    command = [sys.executable, "-m", "mypy", "--strict", "mine.py"]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False).stdout


def test_what_is_right_is_known_with_its_types(tmp_path):
    told = checked(GOOD, tmp_path)
    for kind in ('"float | None"', '"list[float | None]"', "synchronous.job.Job"):
        assert kind in told
    assert "Success" in told


def test_what_is_misspelt_is_found_before_it_is_sent(tmp_path):
    told = checked(BAD, tmp_path)
    for line in (5, 6, 7, 8, 9):
        assert f"mine.py:{line}: error:" in told
