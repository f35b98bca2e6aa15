"""Annotate texts on Apache Spark: a table with ids and texts becomes one with their entities.

    python demo/spark.py TEXTS OUTPUT [--pipeline en_litbert_ner] [--master "local[2]"] [--partitions 2]

TEXTS: JSON lines or Parquet, a file or a folder, with the columns ``id`` and ``text``. OUTPUT: a new folder of Parquet.
It needs ``pip install "pyspark>=4" pandas pyarrow`` and Java 17 or later; on every machine of a cluster the package and
the pipeline as well.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame, SparkSession

ENTITY = "struct<start:bigint, end:bigint, label:string, concept_id:string, confidence:double, text:string>"
SCHEMA = f"id string, entities array<{ENTITY}>, error string"


def annotated(texts: DataFrame, pipeline: str) -> DataFrame:
    """Return a row for each row of ``texts`` (columns ``id`` and ``text``): its entities, or why it has none."""

    def annotate(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        import torch

        from spacy_litbert.pipelines import annotate_texts, load_pipeline

        torch.set_num_threads(1)  # Spark has a process for each core
        nlp = load_pipeline(pipeline)  # once for a partition
        for frame in frames:
            docs = annotate_texts(nlp, frame["text"].tolist())
            yield pd.DataFrame([{"id": text_id, **row(doc)} for text_id, doc in zip(frame["id"], docs)])

    return texts.select("id", "text").mapInPandas(annotate, SCHEMA)


def row(doc: Any) -> dict[str, Any]:
    """Return what is kept of a Doc, or of the exception that a component raised over a text."""
    from spacy_litbert.corpora.docs import document_of
    from spacy_litbert.corpora.writers.parquet import parquet_row

    if isinstance(doc, Exception):
        return {"entities": [], "error": f"{type(doc).__name__}: {doc}"}
    return {"entities": parquet_row(document_of(doc))["entities"], "error": None}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("texts", help="with the columns id and text")
    parser.add_argument("output", help="a folder that is not there yet")
    parser.add_argument("--pipeline", default="en_litbert_ner")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--partitions", type=int, default=2, help="each loads the pipeline: rather few than many")
    arguments = parser.parse_args()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else Spark takes the first python3
    spark = (
        SparkSession.builder.master(arguments.master)
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "256")
        .getOrCreate()
    )
    read = spark.read.parquet if arguments.texts.endswith(".parquet") else spark.read.json
    texts = read(arguments.texts).repartition(arguments.partitions)
    annotated(texts, arguments.pipeline).write.parquet(arguments.output)
    done = spark.read.parquet(arguments.output)
    print(json.dumps({"documents": done.count(), "failed": done.where("error is not null").count()}))
    spark.stop()


if __name__ == "__main__":
    main()
