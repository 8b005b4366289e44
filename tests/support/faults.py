"""Long jobs in children that are killed, run out of space or find damaged files; run as a program, without JAX.

    python -m tests.support.faults KIND JOB FOLDER TRIALS SEED

prints one JSON object: how many trials there were, how they ended, and every outcome that should not be. A child is a
fork of a process in which everything is imported, so that a trial takes a fraction of a second.
"""

import io
import json
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from distributional_view.backends.__main__ import main
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded import train
from distributional_view.backends.embedded.animals import Animals, load_animals
from distributional_view.backends.explain import pool as pools
from distributional_view.backends.explain.job import explain
from distributional_view.backends.explain.methods import Request
from distributional_view.backends.transcoders.checkpoint import load_published
from distributional_view.errors import UserError
from distributional_view.theory.samplers.schedule import NoiseSchedule
from tests.support.official_convnext import official

SHAPE = (1, 4, 4)
LEVELS = torch.tensor(NoiseSchedule.linear().alpha_bar[1:], dtype=torch.float32)
POOL = torch.randn((60, *SHAPE), generator=torch.Generator().manual_seed(0))


def slowly(*progress):
    """Time for a kill to come between."""
    time.sleep(0.0005)


def world(batch=None):
    """N(0, I) with the mean pixel times 4 as the score."""

    def denoiser(x, time):
        return LEVELS[time].sqrt()[:, None, None, None] * x

    schedule = NoiseSchedule.linear().strided(8)
    return TorchWorld(denoiser, lambda x: 4 * x.mean((1, 2, 3)), schedule, SHAPE, "sample", batch=batch)


def shown(found):
    return found.images.tobytes(), found.scores.tobytes(), json.dumps(found.numbers)


def sampled(out):
    """Six pictures, calibrated, four or three at once: which of them changes nothing."""
    batch = 4 if (out / "pictures-0000.npz").exists() else 3
    return shown(explain(Request("EnergyDPS", 1.0, 6, tolerance=0.02, runs=8), out, world(batch), progress=slowly))


def filtered(out):
    return shown(explain(Request("twisted-SMC", 1.0, 4, tolerance=0.1, runs=16), out, world(), progress=slowly))


def retrieved(out):
    pools.SAVE_EVERY = 0.0
    pool = pools.pool_of(POOL, 5)
    return shown(explain(Request("retrieval", 1.0, 4), out, world(), pool, progress=slowly))


def transcoder(out):
    """The command, on a backbone with random weights."""
    inputs = out.parent / "inputs"
    words = ["train-transcoder", "--images", inputs, "--backbone", inputs / "net.pth", "--out", out, "--stage", 1]
    words += ["--block", 0, "--expansion", 2, "--kernel", 1, "--top-k", 4, "--learning-rate", 3e-3, "--steps", 6]
    words += ["--batch", 4, "--size", 32, "--held-out", 4, "--save-every", 1, "--check-every", 2]
    with redirect_stdout(io.StringIO()):
        try:
            main([str(w) for w in words], standalone_mode=False)
        except Exception as error:  # as the command tells it
            raise error.__cause__ or error from None
    return {name: value.numpy().tobytes() for name, value in load_published(out).transcoder.state_dict().items()}


def prior(out):
    """The embedded prior, three steps on a hundredth of the pictures."""
    record = train.train_part("prior", out, 3)
    return (out / "prior.safetensors").read_bytes(), {**record.measured, "CPU seconds": 0}


JOBS = {f.__name__: f for f in (sampled, filtered, retrieved, transcoder, prior)}


def prepare(folder, name):
    """What the job reads."""
    torch.set_num_threads(1)
    if name == "transcoder":
        import_module("distributional_view.backends.zoo.dinov3")  # once, not in every child
        inputs = folder / "inputs"
        inputs.mkdir()
        torch.save(official().state_dict(), inputs / "net.pth")
        rng = np.random.default_rng(0)
        for i in range(12):
            Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(inputs / f"{i}.png")
    if name == "prior":
        few = tuple(Animals(a.images[::100], a.labels[::100]) for a in load_animals())
        train.load_animals = lambda: few
        train.PRIOR = train.replace(train.PRIOR, save_every=1, batch=4)


def child(action, kill_after=None):
    """What the action returned ("done", value), raised ("refused" or "failed", words), or that it was killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            outcome = ("done", action())
        except UserError as error:
            outcome = ("refused", str(error))
        except BaseException as error:
            outcome = ("failed", f"{type(error).__name__}: {error}")
        with open(writing, "wb") as pipe:
            pickle.dump(outcome, pipe)
        os._exit(0)
    os.close(writing)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    with open(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(said) if said else ("killed", None)


def die_at(out, count):
    """From now on the `count`-th file operation in the folder is the process's last."""
    left = [count]

    def watch(event, arguments):
        if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate") and any(
            isinstance(a, str | os.PathLike) and str(out) in str(a) for a in arguments
        ):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    return left


def operations_of(job, out):
    """How many file operations the job makes in its folder."""
    left = die_at(out, 10**9)
    job(out)
    return 10**9 - left[0]


def killed_at_operations(job, out, trials, rng):
    """Killed before the k-th file operation, at all of them or at random ones; then the same call again."""
    _, count = child(lambda: operations_of(job, out))
    shutil.rmtree(out)
    some = rng.permutation(count)[:trials] + 1
    for k in sorted(some.tolist()):
        first = child(lambda k=k: (die_at(out, k), job(out))[1])
        yield f"operation {k} of {count}", first, child(lambda: job(out))


def killed_at_times(job, out, trials, rng):
    """Killed at random times, again and again in one folder, until it is done."""
    started = time.monotonic()
    child(lambda: job(out))
    usual = time.monotonic() - started
    shutil.rmtree(out)
    for k in range(trials):
        first = child(lambda: job(out), kill_after=usual * rng.random())
        if k % 3 == 2 or first[0] == "done":
            yield f"time {k}", first, child(lambda: job(out))
        else:
            yield f"time {k}", first, None


def without_space(job, out, trials, rng):
    """No file longer than a limit; then the same call with space."""
    for _ in range(trials):
        most = int(10 ** rng.uniform(0, 5.5))

        def limited(most=most):
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            return job(out)

        yield f"{most} bytes", child(limited), child(lambda: job(out))


def damaged(job, out, trials, rng):
    """A file of a finished, or of a half-finished job is cut, emptied, altered or replaced; then the same call."""
    child(lambda: job(out))
    half = out.with_name("half")
    _, count = child(lambda: operations_of(job, half))
    shutil.rmtree(half)
    child(lambda: (die_at(half, 2 * count // 3), job(half))[1])
    for k in range(trials):
        source = (out, half)[k % 2]
        kept = out.with_name("kept")
        shutil.copytree(source, kept)
        files = sorted(p for p in source.rglob("*") if p.is_file())
        path = files[rng.integers(len(files))]
        whole = path.read_bytes()
        kind = ("cut", "empty", "flipped", "replaced", "gone")[rng.integers(5)]
        if kind == "cut":
            path.write_bytes(whole[: rng.integers(len(whole) + 1)])
        elif kind == "empty":
            path.write_bytes(b"")
        elif kind == "flipped" and whole:
            place = rng.integers(len(whole))
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.integers(8))]) + whole[place + 1 :])
        elif kind == "replaced":
            other = files[rng.integers(len(files))]
            path.write_bytes((b'{"a": 1}', b"[1, 2]", rng.bytes(500), other.read_bytes())[rng.integers(4)])
        else:
            path.unlink()
        first = child(lambda source=source: job(source))
        named = first[0] != "refused" or any(p.name in first[1] for p in files) or "job.json" in first[1]
        yield f"{kind} {path.name}", first if named else ("failed", f"no file's name: {first[1]}"), None
        shutil.rmtree(source)
        shutil.move(kept, source)


KINDS = {f.__name__: f for f in (killed_at_operations, killed_at_times, without_space, damaged)}


def trial(kind, name, folder, trials, seed):
    """All trials of a kind for a job."""
    prepare(folder, name)
    job, rng = JOBS[name], np.random.default_rng(seed)
    right = child(lambda: job(folder / "whole"))
    assert right[0] == "done", right
    ends, wrong = Counter(), []
    out = folder / "out"
    for what, first, again in KINDS[kind](job, out, trials, rng):
        ends[first[0]] += 1
        for outcome in (first, again):
            good = outcome is None or outcome[0] in ("killed", "refused") or outcome == right
            if not good or (outcome is again and again is not None and outcome != right):
                wrong.append(f"{what}: {outcome[0]} {str(outcome[1])[:300]}")
        if kind != "damaged" and again is not None:
            left = [p.name for p in out.rglob("*") if p.name.startswith((".partial", ".lock"))]
            wrong += [f"{what}: left {left}"] if left else []
            shutil.rmtree(out)
    return {"trials": sum(ends.values()), "ends": dict(ends), "wrong": wrong}


if __name__ == "__main__":
    kind, name, where, trials, seed = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=where) as folder:
        print(json.dumps(trial(kind, name, Path(folder), int(trials), int(seed))))
