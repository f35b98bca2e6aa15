"""Seeded damages to checkpoint folders, and what loading, describing and converting make of each.

``python -m tests.fuzz.checkpoints 1000`` prints the counts: of folders that loaded, of those among them
with other contents, and of faults, which should be 0.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import BertTokenizerFast

from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.describe import describe
from spacy_litbert.checkpoints.folder import Checkpoint, load_checkpoint
from spacy_litbert.errors import LitBertError

from ..checkpoints.bioformer import write_bioformer
from ..checkpoints.hostile import cut, remove, write
from ..conftest import write_checkpoint

SLOW = 10.0  # seconds
_VALUES = [None, True, -1, 0, 5, 1 << 40, 0.5, float("nan"), "", "32", "nonsense", [], [1], {}, {"a": 1}]


def write_folders(root: Path) -> list[Path]:
    """Whole folders of each kind: plain, with tokenizer.json, with a pickle, converted, in shards."""
    plain = write_checkpoint(root / "plain")
    full = write_checkpoint(root / "full")
    BertTokenizerFast.from_pretrained(full).save_pretrained(full)
    pickled = write_bioformer(root / "pickled")
    convert(plain, root / "converted")
    convert(write_checkpoint(root / "wide", hidden_size=256, intermediate_size=512), root / "shards", shard_megabytes=1)
    shutil.rmtree(root / "wide")
    return [plain, full, pickled, root / "converted", root / "shards"]


def damage(folder: Path, seed: int) -> str:
    """Change a folder in one way; returns what was done."""
    chance = random.Random(seed)
    kinds: list[Callable[[Path, random.Random], str]] = [
        _mutate,
        _mutate,
        _retype,
        _retype,
        _cut,
        _remove,
        _swap,
        _fill,
    ]
    return chance.choice(kinds)(folder, chance)


def check(folder: Path, target: Path, whole: Checkpoint) -> Iterator[tuple[str, str]]:
    """The faults of how a damaged folder is treated: kind and words. whole: before the damage."""
    results: dict[str, Any] = {}
    steps: dict[str, Callable[[], Any]] = {
        "load": lambda: load_checkpoint(folder),
        "describe": lambda: describe(folder).problems,
        "convert": lambda: convert(folder, target) and load_checkpoint(target),
    }
    for name, step in steps.items():
        started = time.monotonic()
        try:
            results[name] = step()
        except LitBertError:
            results[name] = None
        except BaseException as error:
            yield "uncoded", f"{name}: {type(error).__name__} {error}"
            results[name] = None
        if time.monotonic() - started > SLOW:
            yield "slow", name
    accepted = {"load": results["load"] is not None, "describe": results["describe"] == []}
    accepted["convert"] = results["convert"] is not None
    if len(set(accepted.values())) > 1:
        yield "silent", f"accepted by some only: {accepted}"
    elif accepted["load"] and not _equal(results["load"], results["convert"]):
        yield "silent", "loaded and converted differ"
    if accepted["load"] and (folder / "README.md").is_file() and not _same_weights(results["load"], whole):
        yield "silent", "other weights than the card's"
    if not accepted["convert"] and target.exists():
        yield "silent", "a target that can't be loaded"


def fuzz(n: int, root: Path, *, begin: int = 0) -> tuple[Counter[str], list[str]]:
    """Counts of what became of ``n`` damages, and each fault in words."""
    folders = write_folders(root / "whole")
    whole = [load_checkpoint(folder) for folder in folders]
    counts, faults = Counter(accepted=0, changed=0, silent=0, uncoded=0, slow=0), []
    for seed in range(begin, begin + n):
        i = seed % len(folders)
        folder, target = root / "damaged", root / "target"
        shutil.copytree(folders[i], folder)
        done = damage(folder, seed)
        for kind, words in check(folder, target, whole[i]):
            counts[kind] += 1
            faults.append(f"seed {seed}, {folders[i].name}, {done}: {kind}, {words}")
        if target.exists():
            counts["accepted"] += 1
            # By a change that no checksum guards and that makes another whole checkpoint, such as another dropout.
            counts["changed"] += not _equal(load_checkpoint(target), whole[i])
        shutil.rmtree(folder)
        shutil.rmtree(target, ignore_errors=True)
    if left := sorted(path.name for path in root.iterdir() if path.name != "whole"):
        faults.append(f"left over: {left}")
    return counts, faults


def _equal(a: Checkpoint, b: Checkpoint) -> bool:
    first, second = ({**one.config, "pad_token_id": 0} for one in (a, b))
    return first == second and a.vocabulary.to_dict() == b.vocabulary.to_dict() and _same_weights(a, b)


def _same_weights(a: Checkpoint, b: Checkpoint) -> bool:
    first, second = a.bert.state_dict(), b.bert.state_dict()
    return first.keys() == second.keys() and all(torch.equal(value, second[key]) for key, value in first.items())


def _file(folder: Path, chance: random.Random) -> Path:
    return chance.choice(sorted(path for path in folder.iterdir() if path.name != "README.md"))


def _mutate(folder: Path, chance: random.Random) -> str:
    path = _file(folder, chance)
    data = bytearray(path.read_bytes())
    # Half of them at the beginning, where headers are.
    end = min(len(data), 4096) if chance.random() < 0.5 else len(data)
    for _ in range(chance.choice([1, 1, 3, 30])):
        if end:
            data[chance.randrange(end)] = chance.randrange(256)
    path.write_bytes(data)
    return f"bytes of {path.name}"


def _cut(folder: Path, chance: random.Random) -> str:
    path, share = _file(folder, chance), chance.choice([0.0, 0.1, 0.5, 0.9, 0.999])
    cut(path.name, share)(folder, folder)
    return f"{path.name} cut at {share}"


def _remove(folder: Path, chance: random.Random) -> str:
    path = _file(folder, chance)
    remove(path.name)(folder, folder)
    return f"no {path.name}"


def _fill(folder: Path, chance: random.Random) -> str:
    path = _file(folder, chance)
    data = chance.choice([b"", b"\0" * 5000, b"{}", b"[]", b"[" * 50_000, b"\xff\xfe", chance.randbytes(3000)])
    write(path.name, data)(folder, folder)
    return f"{path.name} is {data[:5]!r}"


def _swap(folder: Path, chance: random.Random) -> str:
    first, second = _file(folder, chance), _file(folder, chance)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    if chance.random() < 0.5:
        second.write_bytes(one)
    return f"{second.name} in the place of {first.name}"


def _retype(folder: Path, chance: random.Random) -> str:
    path = chance.choice(sorted(folder.glob("*.json")))
    data = json.loads(path.read_text("utf8"))
    place = data
    key = chance.choice(sorted(place))
    while isinstance(place[key], dict) and place[key] and chance.random() < 0.8:
        place = place[key]
        key = chance.choice(sorted(place))
    value = chance.choice(_VALUES)
    if chance.random() < 0.2:
        del place[key]
    else:
        place[key] = value
    path.write_text(json.dumps(data), "utf8")
    return f"{key} of {path.name} is {value!r}"


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        counts, faults = fuzz(int(sys.argv[1]), Path(scratch), begin=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(*faults, dict(counts), sep="\n")
