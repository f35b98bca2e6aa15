"""Every form of a source gives the same folder; the options do what they say; the target is whole or not there."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, BertForPreTraining, BertModel

from spacy_litbert import files
from spacy_litbert.checkpoints.card import read_checksums
from spacy_litbert.checkpoints.convert import convert
from spacy_litbert.checkpoints.folder import load_checkpoint
from spacy_litbert.checkpoints.write import write_folder
from spacy_litbert.errors import LitBertError
from spacy_litbert.files import file_checksum
from spacy_litbert.pretraining.start import describe
from spacy_litbert.targets import FILES_OF_THE_TERMS

from ..conftest import toy_tokens, write_checkpoint
from .conftest import NAME
from .original import STEP, TOY, Arrays, save, write_model

CONFIG = {**TOY, "vocab_size": len(toy_tokens())}
FILES = {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _zip(folder: Path, path: Path, *, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{inside}{file.name}")
    return path


def _wrapped(original: Path, tmp_path: Path) -> Path:
    (tmp_path / "downloads" / "__MACOSX").mkdir(parents=True)
    (tmp_path / "downloads" / "__MACOSX" / f"._{NAME}.index").touch()
    original.rename(tmp_path / "downloads" / original.name)
    return tmp_path / "downloads"


FORMS: dict[str, Callable[[Path, Path], Path]] = {
    "zip": lambda original, tmp_path: _zip(original, tmp_path / "LitBERT.zip"),
    "zip with a folder": lambda original, tmp_path: _zip(original, tmp_path / "LitBERT.zip", inside="LitBERT/"),
    "zip without ending": lambda original, tmp_path: _zip(original, tmp_path / "download"),
    "folder": lambda original, tmp_path: original,
    "folder in a folder": _wrapped,
    "prefix": lambda original, tmp_path: original / NAME,
    "index": lambda original, tmp_path: original / f"{NAME}.index",
    "data": lambda original, tmp_path: original / f"{NAME}.data-00000-of-00001",
    "meta": lambda original, tmp_path: original / f"{NAME}.meta",
}


@pytest.fixture
def expected(original: Path, tmp_path: Path) -> dict[str, bytes]:
    (original / "checkpoint").unlink()  # as in the original zip
    convert(original, tmp_path / "expected")
    return _bytes(tmp_path / "expected")


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_give_identical_bytes(form: str, original: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    source = FORMS[form](original, tmp_path)
    convert(source, tmp_path / "deep" / "target")
    assert _bytes(tmp_path / "deep" / "target") == expected
    assert expected.keys() == FILES
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["target"]


def test_a_training_directory_is_read_where_its_file_checkpoint_points(
    original: Path, tmp_path: Path, variables: Arrays, expected: dict[str, bytes]
) -> None:
    save(original, "model.ckpt-1", {name: value * 2 for name, value in variables.items()})
    said = '/gone/since/long/{name}"\nall_model_checkpoint_paths: "model.ckpt-1"\n'
    (original / "checkpoint").write_text('model_checkpoint_path: "' + said.format(name=NAME))
    convert(original, tmp_path / "target")
    assert _bytes(tmp_path / "target") == expected
    (original / "checkpoint").unlink()
    with pytest.raises(LitBertError, match=r"L214.*LitBERT.*model.ckpt-1"):
        convert(original, tmp_path / "other")


def test_several_shards_give_the_same_weights(
    tmp_path: Path, original: Path, variables: Arrays, expected: dict[str, bytes]
) -> None:
    folder = tmp_path / "sharded"
    write_model(folder, CONFIG, toy_tokens())
    save(folder, "model.ckpt", variables, n_shards=3)
    convert(folder, tmp_path / "target")
    found = _bytes(tmp_path / "target")
    assert {name for name in FILES if found[name] != expected[name]} == {"README.md"}


def test_config_and_vocabulary_may_lie_elsewhere(original: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    (tmp_path / "model").mkdir()
    for name in ("config.json", "vocab.txt"):
        shutil.move(original / name, tmp_path / "model" / name)
    with pytest.raises(LitBertError, match=r"L213.*config.json"):
        convert(original, tmp_path / "target")
    model = tmp_path / "model"
    convert(original, tmp_path / "target", config=model / "config.json", vocabulary=model / "vocab.txt")
    assert _bytes(tmp_path / "target") == expected


def test_the_config_may_have_the_name_that_google_gives_it(
    original: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    (original / "config.json").rename(original / "bert_config.json")
    convert(original, tmp_path / "target")
    assert _bytes(tmp_path / "target") == expected


def test_the_target_loads_everywhere(original: Path, tmp_path: Path) -> None:
    done = convert(original, tmp_path / "target")
    checkpoint = load_checkpoint(tmp_path / "target")
    full, found = BertForPreTraining.from_pretrained(tmp_path / "target", output_loading_info=True)
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    assert full.config.hidden_act == checkpoint.bert.config.hidden_act == "gelu_pytorch_tanh"
    assert AutoTokenizer.from_pretrained(tmp_path / "target").model_max_length == checkpoint.limit == 48
    assert sum(done.parts.values()) == sum(p.numel() for p in full.parameters())


def test_the_card_says_where_it_came_from_but_no_place(original: Path, tmp_path: Path) -> None:
    done = convert(original, tmp_path / "target")
    card = (tmp_path / "target" / "README.md").read_text("utf8")
    for words in (f"| pretraining steps | {STEP:,} |", "optimizer slots (92)", "cased", "27,000 parameters"):
        assert words in card
    assert str(tmp_path) not in card
    names = [f"{NAME}.index", f"{NAME}.data-00000-of-00001"]
    folders = {"model.safetensors": tmp_path / "target", **dict.fromkeys(names, original)}
    assert read_checksums(card) == {name: file_checksum(folder / name) for name, folder in folders.items()}
    assert done.checksums == {"model.safetensors": file_checksum(tmp_path / "target" / "model.safetensors")}


def test_what_the_source_says_of_its_origin_goes_with_it(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source")
    (source / "README.md").write_text("---\nlicense: apache-2.0\n---\n\n# my-bert\n\nA BERT.\n", "utf8")
    (source / "NOTICE").write_text("Thanks to those before.\n", "utf8")
    (source / "LICENSE").write_text("Apache License\n", "utf8")
    training = {"objective": "mlm", "length": 8, "long_length": 8, "long_share": 0.0, "learning_rate": 0.1}
    run = {
        "finished": "",
        "settings": {"training": training},
        "steps": 1,
        "tokens": 1,
        "hours": 0,
        "heldout": {},
        "start": None,
    }
    (source / "run.json").write_text(json.dumps({**run, "before": []}), "utf8")
    for target in ("once", "once", "twice"):
        convert(source if target == "once" else tmp_path / "once", tmp_path / target, overwrite=True)
        said = [describe(str(folder), folder, []) for folder in (source, tmp_path / target)]
        assert said[0] == said[1]
        assert said[0]["license"] == "apache-2.0"
        assert (tmp_path / target / "LICENSE").read_text("utf8") == "Apache License\n"


@pytest.mark.parametrize(
    "said, option, written",
    [
        ("gelu", None, "gelu_pytorch_tanh"),
        (None, None, "gelu_pytorch_tanh"),
        ("gelu", "gelu", "gelu"),
        ("relu", None, "relu"),
        ("gelu", "gelu_new", "gelu_new"),
    ],
)
def test_the_activation(original: Path, tmp_path: Path, said: str | None, option: str | None, written: str) -> None:
    config = {**CONFIG, "hidden_act": said}
    if said is None:
        del config["hidden_act"]
    (original / "config.json").write_text(json.dumps(config))
    assert convert(original, tmp_path / "target", hidden_act=option).config["hidden_act"] == written
    assert json.loads((tmp_path / "target" / "config.json").read_text())["hidden_act"] == written


def test_half_precision_and_shards(original: Path, tmp_path: Path) -> None:
    convert(original, tmp_path / "whole")
    convert(original, tmp_path / "half", storage="float16")
    whole, half = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "half"))
    assert {value.dtype for value in half.values()} == {torch.float16}
    assert all(torch.equal(half[name], whole[name].half()) for name in whole)
    assert "Rounded to float16" in (tmp_path / "half" / "README.md").read_text("utf8")
    wide = {**CONFIG, "max_position_embeddings": 20_000}
    write_checkpoint(tmp_path / "long", limit=wide["max_position_embeddings"])
    convert(tmp_path / "long", tmp_path / "shards", shard_megabytes=1)
    assert len(list((tmp_path / "shards").glob("model-*-of-*.safetensors"))) > 1
    assert torch.equal(
        load_checkpoint(tmp_path / "shards").bert.embeddings.position_embeddings.weight,
        load_checkpoint(tmp_path / "long").bert.embeddings.position_embeddings.weight,
    )


@pytest.fixture
def full(tmp_path: Path) -> BertForPreTraining:
    torch.manual_seed(0)
    write_model(tmp_path / "hf", {**CONFIG, "model_type": "bert"}, toy_tokens())
    model = BertForPreTraining(BertConfig(**CONFIG))
    torch.nn.init.normal_(model.cls.predictions.bias)
    return model


def _old(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As the first version of transformers saved it: norms, and an index buffer."""
    renamed = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in weights.items()
    }
    return {**renamed, "bert.embeddings.position_ids": torch.arange(48)[None]}


@pytest.mark.parametrize("save_as", ["safetensors", "bin", "old bin", "legacy bin", "sharded bin"])
def test_folders_of_transformers(save_as: str, tmp_path: Path, full: BertForPreTraining) -> None:
    folder = tmp_path / "hf"
    weights = full.state_dict()
    if save_as == "safetensors":
        full.save_pretrained(folder)
    elif save_as == "sharded bin":
        full.save_pretrained(folder, safe_serialization=False, max_shard_size="50KB")
        assert len(list(folder.glob("pytorch_model-*.bin"))) > 1
    else:
        weights = _old(weights) if save_as == "old bin" else weights
        zipped = save_as != "legacy bin"
        torch.save(weights, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    done = convert(folder, tmp_path / "target")
    converted = load_file(tmp_path / "target" / "model.safetensors")
    expected = dict(full.named_parameters())
    assert converted.keys() == expected.keys()
    assert all(torch.equal(converted[name], value) for name, value in expected.items())
    assert done.config["hidden_act"] == "gelu"  # what the folder says, as transformers means it
    assert not (tmp_path / "target" / "pytorch_model.bin").exists()


@pytest.mark.parametrize("cls, architecture", [(BertModel, "BertModel"), (BertForMaskedLM, "BertForMaskedLM")])
def test_parts_that_are_not_there_are_left_out(cls: type, architecture: str, tmp_path: Path) -> None:
    write_model(tmp_path / "hf", CONFIG, toy_tokens())
    cls(BertConfig(**CONFIG)).save_pretrained(tmp_path / "hf")
    assert convert(tmp_path / "hf", tmp_path / "target").config["architectures"] == [architecture]
    _, found = cls.from_pretrained(tmp_path / "target", output_loading_info=True)
    assert not found["missing_keys"]


def test_heads_of_a_task_are_left_out_and_counted(tmp_path: Path, full: BertForPreTraining) -> None:
    weights = {name: value for name, value in full.state_dict().items() if not name.startswith("cls.")}
    torch.save({**weights, "classifier.weight": torch.ones(3, 32)}, tmp_path / "hf" / "pytorch_model.bin")
    done = convert(tmp_path / "hf", tmp_path / "target")
    assert done.left_out == {"heads of a fine-tuned task": 1}
    assert done.parts.keys() == {"embeddings", "encoder", "pooler"}


def test_a_decoder_of_its_own_is_an_error(tmp_path: Path, full: BertForPreTraining) -> None:
    weights = full.state_dict()
    weights["cls.predictions.decoder.weight"] = torch.zeros(CONFIG["vocab_size"], 32)
    torch.save(weights, tmp_path / "hf" / "pytorch_model.bin")
    with pytest.raises(LitBertError, match=r"L217.*Left over \(1\): cls.predictions.decoder.weight"):
        convert(tmp_path / "hf", tmp_path / "target")


def test_a_bare_vocabulary_without_capitals_is_lower_cased(original: Path, tmp_path: Path) -> None:
    tokens = [token if token.startswith("[") else f"{token.lower()}" for token in toy_tokens()]
    unique = list(dict.fromkeys(tokens))
    unique += [f"[unused{i}]" for i in range(len(tokens) - len(unique))]
    (original / "vocab.txt").write_text("\n".join(unique) + "\n", "utf8")
    convert(original, tmp_path / "target")
    assert json.loads((tmp_path / "target" / "tokenizer_config.json").read_text())["do_lower_case"] is True


def test_an_existing_target_is_replaced_only_knowingly(original: Path, tmp_path: Path, checkpoint: Path) -> None:
    target = Path(shutil.copytree(checkpoint, tmp_path / "target"))
    before = _bytes(target)
    with pytest.raises(LitBertError, match=r"L218.*--overwrite"):
        convert(original, target)
    (original / f"{NAME}.index").write_bytes(b"")
    with pytest.raises(LitBertError, match="L215"):
        convert(original, target, overwrite=True)
    assert _bytes(target) == before
    convert(checkpoint, target, overwrite=True)
    assert _bytes(target).keys() == FILES


def test_what_is_no_checkpoint_or_holds_the_source_is_never_replaced(original: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("Dear")
    with pytest.raises(LitBertError, match=r"L218.*no checkpoint folder"):
        convert(original, tmp_path / "letters", overwrite=True)
    inside = _zip(original, tmp_path / "LitBERT.zip").rename(original / "LitBERT.zip")
    for source in (original, original / NAME, inside):
        with pytest.raises(LitBertError, match=r"L218.*the source lies in it"):
            convert(source, original, overwrite=True)
    assert (original / f"{NAME}.index").exists()


def test_a_failed_swap_puts_back_what_was_there(
    original: Path, tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Path(shutil.copytree(checkpoint, tmp_path / "target"))
    before = _bytes(target)
    replace = files.os.replace

    def failing(source: Path, destination: Path) -> None:
        if str(source).endswith(".partial") and Path(destination) == target:
            raise OSError(5, "Input/output error", str(destination))
        replace(source, destination)

    monkeypatch.setattr(files.os, "replace", failing)
    with pytest.raises(LitBertError, match=r"L222.*Input/output error"):
        convert(original, target, overwrite=True)
    assert _bytes(target) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [original.name, "target"]


def test_files_that_are_only_called_like_weights_are_never_replaced(tmp_path: Path, checkpoint: Path) -> None:
    target = Path(shutil.copytree(checkpoint, tmp_path / "target"))
    (target / "model-finetuned.safetensors").write_text("mine", "utf8")
    with pytest.raises(LitBertError, match=r"L218.*model-finetuned\.safetensors as well"):
        convert(checkpoint, target, overwrite=True)
    assert (target / "model-finetuned.safetensors").read_text("utf8") == "mine"


def test_what_comes_to_the_target_meanwhile_is_not_replaced(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"

    def write_meanwhile(*arguments: Any, **options: Any) -> dict[str, str]:
        target.mkdir()
        (target / "mine.txt").write_text("mine", "utf8")
        return write_folder(*arguments, **options)

    monkeypatch.setattr("spacy_litbert.checkpoints.convert.write_folder", write_meanwhile)
    with pytest.raises(LitBertError, match="L218"):
        convert(checkpoint, target)
    assert [path.name for path in target.iterdir()] == ["mine.txt"]


def test_settings_that_can_not_be(tmp_path: Path, checkpoint: Path) -> None:
    with pytest.raises(LitBertError, match=r"L003.*int8.*float16"):
        convert(checkpoint, tmp_path / "target", storage="int8")  # type: ignore[arg-type]
    with pytest.raises(LitBertError, match=r"L004.*shard_megabytes.*0"):
        convert(checkpoint, tmp_path / "target", shard_megabytes=0)
    with pytest.raises(LitBertError, match=r"L221.*prelu"):  # which has weights of its own
        convert(checkpoint, tmp_path / "target", hidden_act="prelu")
    config = json.loads((checkpoint / "config.json").read_text("utf8"))
    (tmp_path / "other.json").write_text(json.dumps({**config, "hidden_size": "x"}), "utf8")
    with pytest.raises(LitBertError, match=r"L205.*other\.json"):
        convert(checkpoint, tmp_path / "target", config=tmp_path / "other.json")
    assert not (tmp_path / "target").exists()


def test_notices_are_in_zips_too(tmp_path: Path) -> None:
    source = write_checkpoint(tmp_path / "source")
    for name in FILES_OF_THE_TERMS:
        (source / name).write_text(name, "utf8")
    convert(_zip(source, tmp_path / "source.zip"), tmp_path / "target")
    assert all((tmp_path / "target" / name).read_text("utf8") == name for name in FILES_OF_THE_TERMS)
