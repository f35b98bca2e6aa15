"""Run one pipeline in a process of its own, that annotates what it is told to and says how long it took.

    python speed_worker.py SYSTEM CHECKPOINT [BATCH_SIZE]

BATCH_SIZE: of windows, for spacy-curated-transformers alone.

Reads a JSON object a line, {"texts": [...], "single": true or false}, and answers {"seconds", "words"}; with
"single" the texts are annotated one by one, and "seconds" is a list. It imports what the system needs alone, so
that it runs in other environments too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.training import Example

BATCH = 64
LABELS = ("Chemical", "Disease")
MEAN = {"@layers": "reduce_mean.v1"}
LISTENER = {"@architectures": "spacy-litbert.LitBertListener.v1", "pooling": MEAN}


def ours(checkpoint: Path, **settings: Any) -> Language:
    model = {"@architectures": "spacy-litbert.LitBertModel.v1", "name": str(checkpoint), **settings}
    return _pipeline("transformer", {"model": model}, LISTENER)


def stock(checkpoint: Path) -> Language:
    """Make a pipeline of spacy-transformers with the windows of its own configs."""
    model = {
        "@architectures": "spacy-transformers.TransformerModel.v3",
        "name": str(checkpoint),
        "tokenizer_config": {"use_fast": True, "model_max_length": 512},
        "get_spans": {"@span_getters": "spacy-transformers.strided_spans.v1", "window": 128, "stride": 96},
    }
    listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "pooling": MEAN}
    return _pipeline("transformer", {"model": model}, listener)


def curated(checkpoint: Path, batch_size: int) -> Language:
    """Make a pipeline of spacy-curated-transformers with its own windows."""
    shape = json.loads((checkpoint / "config.json").read_text("utf8"))
    model = {
        "@architectures": "spacy-curated-transformers.BertTransformer.v1",
        "vocab_size": shape["vocab_size"],
        "hidden_width": shape["hidden_size"],
        "num_hidden_layers": shape["num_hidden_layers"],
        "num_attention_heads": shape["num_attention_heads"],
        "intermediate_width": shape["intermediate_size"],
        "model_max_length": 512,
        "piece_encoder": {"@architectures": "spacy-curated-transformers.BertWordpieceEncoder.v1"},
        "with_spans": {
            "@architectures": "spacy-curated-transformers.WithStridedSpans.v1",
            "stride": 96,
            "window": 128,
            "batch_size": batch_size,
        },
    }
    listener = {
        "@architectures": "spacy-curated-transformers.LastTransformerLayerListener.v1",
        "width": shape["hidden_size"],
        "pooling": MEAN,
        "upstream": "*",
        "grad_factor": 1.0,
    }
    loaders = {
        "encoder_loader": {
            "@model_loaders": "spacy-curated-transformers.HFTransformerEncoderLoader.v1",
            "name": str(checkpoint),
        },
        "piecer_loader": {
            "@model_loaders": "spacy-curated-transformers.HFPieceEncoderLoader.v1",
            "name": str(checkpoint),
        },
    }
    nlp = spacy.blank("en", config={"initialize": {"components": {"transformer": loaders}}})
    return _pipeline("curated_transformer", {"model": model}, listener, nlp)


def _pipeline(factory: str, config: dict[str, Any], listener: dict[str, Any], nlp: Language | None = None) -> Language:
    spacy.util.fix_random_seed(0)
    nlp = nlp or spacy.blank("en")
    nlp.add_pipe(factory, name="transformer", config=config)
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": False,
        "tok2vec": listener,
    }
    ner: TrainablePipe = nlp.add_pipe("ner", config={"model": parser})
    return _initialized(nlp, ner)


def _initialized(nlp: Language, ner: TrainablePipe) -> Language:
    spacy.util.fix_random_seed(0)
    for label in LABELS:
        ner.add_label(label)
    text = "Lithium carbonate toxicity in a newborn infant."
    sample = {"entities": [(0, 17, LABELS[0]), (18, 26, LABELS[1])]}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc(text), sample)])
    nlp.batch_size = BATCH
    return nlp


def cnn(_: Path) -> Language:
    """Make a pipeline of spaCy's own network."""
    nlp = spacy.blank("en")
    return _initialized(nlp, nlp.add_pipe("ner"))


class Bare:
    """The limit: the encoder alone, in torch, over wordpieces that were cut and sorted before the clock starts."""

    def __init__(self, checkpoint: Path):
        from spacy_litbert.checkpoints.folder import load_checkpoint
        from spacy_litbert.tokenization.wordpieces import WordpieceEncoder

        self._checkpoint = load_checkpoint(checkpoint)
        self._wordpieces = WordpieceEncoder(self._checkpoint.vocabulary)
        self._nlp = spacy.blank("en")

    def run(self, texts: list[str]) -> tuple[float, int]:
        from spacy_litbert.encoder.torch_encoder import predict
        from spacy_litbert.models.batch import Layout, encoder_input
        from spacy_litbert.tokenization.alignment import align
        from spacy_litbert.tokenization.windows import make_windows

        docs = list(self._nlp.pipe(texts))
        batches = []
        for i in range(0, len(docs), BATCH):
            alignment = align(self._wordpieces, docs[i : i + BATCH])
            cuts = [alignment.token_cuts]
            windows = make_windows(alignment.doc_pieces, alignment.doc_tokens, cuts, size=512, overlap=64)
            layout = Layout.of(windows, len(docs[i : i + BATCH]))
            batches.append(encoder_input(alignment, windows, layout, self._checkpoint.vocabulary))
        started = time.perf_counter()
        for batch in batches:
            predict(self._checkpoint.bert, batch, precision="float32", budget=2048)
        return time.perf_counter() - started, sum(map(len, docs))


SYSTEMS: dict[str, Callable[..., Any]] = {
    "litbert": ours,
    "litbert, bfloat16": lambda checkpoint: ours(checkpoint, precision="bfloat16"),
    "litbert, onnx": lambda checkpoint: ours(checkpoint, backend="onnx"),
    "litbert, onnx int8": lambda checkpoint: ours(checkpoint, backend="onnx", precision="int8"),
    "spacy-transformers": stock,
    "spacy-curated-transformers": curated,
    "en_litbert_ner": lambda _: spacy.load("en_litbert_ner"),
    "spaCy's CNN": cnn,
    "bare torch": Bare,
}


def annotate(nlp: Any, texts: list[str]) -> tuple[float, int]:
    if isinstance(nlp, Bare):
        return nlp.run(texts)
    started = time.perf_counter()
    words = sum(len(doc) for doc in nlp.pipe(texts))
    return time.perf_counter() - started, words


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever libraries print must not mix with the answers
    nlp = SYSTEMS[sys.argv[1]](Path(sys.argv[2]), *map(int, sys.argv[3:]))
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("single"):
            runs = [annotate(nlp, [text]) for text in request["texts"]]
            answer: dict[str, Any] = {"seconds": [run[0] for run in runs], "words": sum(run[1] for run in runs)}
        else:
            seconds, words = annotate(nlp, request["texts"])
            answer = {"seconds": seconds, "words": words}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
