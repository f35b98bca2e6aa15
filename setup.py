"""Packaging of spacy-litbert; the tools are configured in pyproject.toml."""

from pathlib import Path
from runpy import run_path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
ABOUT = run_path(str(ROOT / "spacy_litbert" / "about.py"))

ONNX = ["onnx>=1.16", "onnxruntime>=1.20"]
SERVE = ["fastapi>=0.115", "uvicorn>=0.30"]
TEST = [
    *ONNX,
    *SERVE,
    "bioc>=2.1",
    "httpx>=0.27",
    "hypothesis>=6.100",
    "matplotlib>=3.8",
    "pytest>=8.0",
    "pytest-xdist>=3.5",
    "scikit-learn>=1.4",
    "seqeval>=1.2.2",
    "psutil>=5.9",
    "build>=1.2",
]

setup(
    name=ABOUT["__title__"],
    version=ABOUT["__version__"],
    description="LitBERT inside spaCy: a light BERT for biomedical text",
    long_description=(ROOT / "README.md").read_text("utf8"),
    long_description_content_type="text/markdown",
    author="The spacy-litbert team",
    project_urls={
        "LitBERT's later publication": "https://arxiv.org/abs/2302.01588",
        "LitBERT's later weights": "https://huggingface.co/bioformers/bioformer-8L",
        "spaCy": "https://spacy.io",
    },
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=find_packages(include=["spacy_litbert", "spacy_litbert.*"]),
    package_data={
        "spacy_litbert": ["py.typed"],
        "spacy_litbert.bundled": ["*/*.json", "*/*.safetensors", "*/vocab.txt", "*/README.md", "*/NOTICE", "*/LICENSE"],
    },
    install_requires=[
        "spacy>=3.8.2,<3.9.0",
        "spacy-transformers>=1.4.0,<1.5.0",
        "transformers>=4.40.0",
        "torch>=2.6.0",
        "thinc>=8.3.0,<8.4.0",
        "tokenizers>=0.19",
        "safetensors>=0.4.3",
        "huggingface-hub>=0.23",
        "google-crc32c>=1.5",
        "srsly>=2.4.8,<3.0.0",
        "confection>=0.1.5,<2.0.0",
        "numpy>=1.26",
        "packaging>=24.2",
        "tqdm>=4.60",
        "typer>=0.9",
    ],
    extras_require={
        "scispacy": ['scispacy>=0.6.2; python_version < "3.13"'],
        "onnx": ONNX,
        "parquet": ["pyarrow>=14"],
        "serve": SERVE,
        "ray": ["ray>=2.40"],
        "plots": ["matplotlib>=3.8"],
        # For arrays of spaCy on a GPU: the CUDA that torch brings (13 with torch 2.13).
        "cuda12x": ["cupy-cuda12x>=13.0"],
        "cuda13x": ["cupy-cuda13x>=13.6"],
        "test": TEST,
        # TensorFlow writes the checkpoints that the tests convert; converting needs none of it.
        "dev": [*TEST, "tensorflow-cpu>=2.16", "ruff>=0.8", "mypy>=1.13", "matplotlib>=3.8"],
    },
    entry_points={
        "spacy_architectures": [
            "spacy-litbert.LitBertModel.v1 = spacy_litbert.models.transformer:build_litbert_model_v1",
            "spacy-litbert.LitBertListener.v1 = spacy_litbert.models.listener:build_litbert_listener_v1",
            "spacy-litbert.LitBertTok2Vec.v1 = spacy_litbert.models.tok2vec:build_litbert_tok2vec_v1",
            "spacy-litbert.LitBertTextCat.v1 = spacy_litbert.models.textcat:build_litbert_textcat_v1",
            "spacy-litbert.LitBertNer.v1 = spacy_litbert.ner.model:build_litbert_ner_v1",
            "spacy-litbert.LitBertNer.v2 = spacy_litbert.ner.model:build_litbert_ner_v2",
            "spacy-litbert.ListwiseRanker.v1 = spacy_litbert.linking.ranker:build_listwise_ranker_v1",
        ],
        "spacy_cli": ["litbert = spacy_litbert.cli:app"],
        "spacy_factories": [
            "litbert_ner = spacy_litbert.ner.component:build_litbert_ner",
            "litbert_linker = spacy_litbert.linking.factory:make_linker",
            "litbert_doc_cleaner = spacy_litbert.models.doc_cleaner:build_litbert_doc_cleaner",
            "litbert_mention_vectors = spacy_litbert.models.mention_vectors:build_litbert_mention_vectors",
        ],
        "spacy_scorers": [
            "spacy-litbert.ner_scorer.v1 = spacy_litbert.ner.scoring:build_litbert_ner_scorer_v1",
        ],
        "spacy_tokenizers": [
            "spacy-litbert.BiomedicalTokenizer.v1 = spacy_litbert.tokenization.tokenizer:build_biomedical_tokenizer_v1",
        ],
        "thinc_schedules": [
            "spacy-litbert.warmup_linear.v1 = spacy_litbert.models.schedules:build_warmup_linear_v1",
        ],
        "spacy_readers": [
            "spacy-litbert.PubTator.v1 = spacy_litbert.corpora.training:build_pubtator_reader_v1",
            "spacy-litbert.BioC.v1 = spacy_litbert.corpora.training:build_bioc_reader_v1",
            "spacy-litbert.BRAT.v1 = spacy_litbert.corpora.training:build_brat_reader_v1",
            "spacy-litbert.JSONL.v1 = spacy_litbert.corpora.training:build_jsonl_reader_v1",
            "spacy-litbert.IOB2.v1 = spacy_litbert.corpora.training:build_iob_reader_v1",
            "spacy-litbert.LabelledCorpora.v1 = spacy_litbert.ner.corpora:build_labelled_corpora_v1",
        ],
        "spacy_augmenters": [
            "spacy-litbert.cut_long_texts.v1 = spacy_litbert.corpora.parts:build_cut_long_texts_v1",
        ],
        "spacy_callbacks": [
            "spacy-litbert.add_labels.v1 = spacy_litbert.ner.labels:build_add_labels_v1",
        ],
        "spacy_misc": [
            "spacy-litbert.KnowledgeBase.v1 = spacy_litbert.linking.spacy_kb:build_knowledge_base_v1",
            "spacy-litbert.wordpiece_length.v1 = spacy_litbert.models.lengths:build_wordpiece_length_v1",
        ],
    },
    classifiers=[
        "Intended Audience :: Science/Research",
        "License :: OSI Approved :: MIT License",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Bio-Informatics",
        "Topic :: Text Processing :: Linguistic",
    ],
)
