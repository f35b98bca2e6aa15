"""Every coded error and warning of the package, in one place.

A message names the thing, the value it found, and the way out, so that a user can
search for the code. ``LitBertError`` is a ``ValueError``: code that catches spaCy's
own errors catches ours.
"""


class LitBertError(ValueError):
    """Raised for bad input, bad settings and bad files, before any work starts."""


class _Coded(type):
    """Puts the name of a message in front of it as its code, as spaCy's ``ErrorsWithCodes`` does."""

    def __getattribute__(cls, code: str) -> str:
        message = super().__getattribute__(code)
        return message if code.startswith("__") else f"[{code}] {message}"


class Errors(metaclass=_Coded):
    # Settings
    L001 = (
        "`window` is {window} wordpieces, but the encoder `{name}` reads at most "
        "{limit} (its max_position_embeddings). Choose 8 to {limit}, or null for the limit."
    )
    L002 = (
        "`overlap` is {overlap} wordpieces, but a window has room for {room} of them "
        "and the overlap must be at least 0 and at most half of that ({limit})."
    )
    L003 = "`{name}` is {value!r}. Choose one of: {choices}."
    L004 = "`{name}` is {value}. It must be at least {minimum}."
    L005 = "`{name}` is {value}. It must be a number from 0 to 1."
    L006 = (
        "Can't compute on the GPU {gpu_id}: {reason}. spaCy needs CuPy for it "
        "(`pip install 'spacy-litbert[cuda13x]'`); --gpu-id -1 stands for the CPU."
    )
    L007 = "`{name}` is {value}. It must be a whole number from {smallest} to {largest}."
    # Vocabularies
    L101 = "The vocabulary {path} has {n} entries twice or more: {tokens}. Each id needs its own entry."
    L102 = "The vocabulary {path} lacks the special tokens {missing}."
    L103 = (
        "{path} is not a BERT WordPiece tokenizer: its {part} is {found!r}, expected "
        "{expected!r}. LitBERT's alignment rests on BERT's own way to cut text."
    )
    L104 = (
        "{path} adds the tokens {tokens} outside its WordPiece vocabulary. Put them "
        "into vocab.txt (BERT keeps [unused] entries for this) and save the folder again."
    )
    L105 = "A vocabulary of {size} entries is too small: {n} characters and special tokens need a place each."
    L106 = (
        "No document is of the kinds {kinds}, which have a weight. Kinds and their documents: {found}. "
        "Name one of these, or leave the weight out (or at 1)."
    )
    L107 = "The weight {argument!r} is not KIND=N, such as abstract=20, with N a whole number from 1."
    # Checkpoints
    L201 = (
        "Can't find the weights {name!r}. It is no folder on this machine, no bundled name ({bundled}), "
        "and no model id that could be fetched from a hub ({reason})."
    )
    L204 = (
        "The vocabulary in {path} has {vocabulary} entries, but config.json says "
        "vocab_size = {config}. Weights and vocabulary come from different models."
    )
    L205 = "The config of {path} says {key} = {found!r}; this encoder needs {expected}."
    L207 = "Can't read {path}: {reason}. The file is damaged or not what its name says."
    L208 = "{path} holds {key} as {found}. Weights must be {expected}."
    L209 = "{path} holds {n} values in {key} that are no finite numbers in float32. These weights are damaged."
    L210 = "The checksum of {path} is {found}, expected {expected}. Fetch or build the file again."
    L211 = (
        "{path} is refused, because it is no plain collection of tensors ({reason}). Such a file can run code "
        "when it is loaded; nothing of it was run. Get the model as model.safetensors."
    )
    L212 = "The archive {path} is refused: {problem}. Nothing was unpacked. Fetch it again from its source."
    L213 = "{path} is no whole checkpoint: there is no {missing}. Found: {found}."
    L214 = "{path} has several checkpoints: {names}. Name one of them."
    L215 = "The TensorFlow checkpoint {path} is damaged or not complete: {problem}. Fetch it again."
    L216 = "Can't read the TensorFlow checkpoint {path}: {problem}. Save it with the Saver of TensorFlow 1."
    L217 = "{path} is not the BERT that its config.json describes. {problems}"
    L218 = "Can't write to {path}: {problem}."
    L219 = (
        "{key} in {path} has values up to {value:.3g}, which {storage} can't hold. Check the weights, "
        'or store them as "float32".'
    )
    L220 = "No room on the disk of {path}: {needed:,.0f} MB are needed, {free:,.0f} MB are free."
    L221 = "{path} says hidden_act = {found!r}. Choose one of: {choices}."
    L222 = "Can't read or write {path}: {reason}."
    L223 = "{path} can be read safely only with torch 2.6 or later; this is torch {found}. Upgrade torch."
    L224 = "There is no file {path}. Check the name, and the folder that it is looked for in."
    L225 = "{path} is {found}. Only regular files are read. Put the file itself there."
    L226 = "{path} has {found:,} bytes. A file of its kind has at most {largest:,}; this one is not read."
    L227 = (
        "{path} has more weights than one model: {chosen} and also {others}. Only the index's files or "
        "model.safetensors are read; move the others out of the folder, or give the index file that names all."
    )
    L228 = "{path} holds the tensor {name} twice: in {first} and in {second}. Remove the file that is not the model's."
    L229 = (
        "There is no folder {name!r}, and no weights of that name come with the package ({bundled}).{hint} A model on "
        "the hub has an id of the form owner/name or owner/name@revision; other names are not looked for there."
    )
    L230 = "{path} says {key} = {found!r}; BERT's tokenizer needs {expected}."
    L231 = (
        "{first} and {second} contradict each other: {problem}. They come from different models, or one of them was "
        "changed. Remove the file that is wrong."
    )
    L232 = "The vocabulary {path} has entries that are no text or hold a line break: {tokens}."
    L233 = (
        "The checksum of {path} is {found}; README.md beside it says {expected}. The weights are damaged: fetch or "
        "build the folder again. If another model was saved over them on purpose, remove README.md, which describes "
        "the one before."
    )
    # Pipelines
    L301 = (
        "This model has no weights yet. Call `nlp.initialize()` to load {name!r}, or "
        "load a saved pipeline with `spacy.load`."
    )
    L302 = (
        "A listener to the pipe {upstream} got a Doc of {n_tokens} tokens that this pipe has "
        "not seen (`doc._.trf_data` is not set). Put a `transformer` pipe before the component, enable "
        "it (`nlp.select_pipes`), or, when it is frozen, add it to `training.annotating_components`. A `doc_cleaner` "
        "takes the vectors away: put it after the component. A component that makes Docs of its own (`span.as_doc()` "
        "in `entity_linker`) can't listen: call `nlp.replace_listeners`, and give `entity_linker` a knowledge base "
        "whose vectors are as long as the encoder's."
    )
    L303 = (
        "`doc._.trf_data` was made for {found} tokens, but the Doc has {expected}. It was "
        "retokenized after the transformer ran: move the merging component before the transformer."
    )
    L313 = (
        "This component was trained with the encoder {expected}, and its `transformer` pipe has the encoder {found}: "
        "their vectors have nothing to do with each other. Take the component together with its own transformer, or "
        "call `nlp.replace_listeners` in the pipeline that it comes from before you add it, or train it with the new "
        "encoder. (A frozen component does not follow an encoder that is trained on: freeze both, or replace its "
        "listeners.)"
    )
    L304 = (
        '`boundaries = "sentence"` needs sentence starts, but a Doc of {n_tokens} tokens has '
        "none. Add a `sentencizer` before the transformer (in training, list it in "
        '`training.annotating_components`), or set `boundaries = "token"`.'
    )
    L305 = "The saved model is not one of ours: {reason}. Load it with the version that saved it."
    L315 = (
        "The encoder was exported for {saved}, and the config says {found}. Leave these settings as they were saved, "
        "or load the pipeline that it was exported from."
    )
    L312 = "The saved model is damaged: its checksum is not that of its bytes. Save, copy or fetch it again."
    L316 = (
        "The saved model of a component is not as the config says: {reason}. Load it with the settings that it was "
        "saved with: its layers and their sizes can't be changed at load."
    )
    L307 = (
        'A transformer with `backend = "onnx"` can only be used, not trained. Train with '
        '`backend = "torch"` and export the result with `spacy litbert export`.'
    )
    L308 = "No ONNX graph for an encoder with hidden_act = {found!r}. It has: {choices}."
    L309 = "The package {package} is missing. Install it with `pip install 'spacy-litbert[onnx]'`."
    L310 = '`precision = "{precision}"` is not for `backend = "{backend}"`. Choose one of: {choices}.'
    L311 = "{pipeline} has no LitBERT to export. Its components are: {components}."
    L314 = (
        "The weights of {name} are no finite numbers any more: training has diverged. Begin anew from what was saved "
        "before, with a lower learning rate."
    )
    L319 = (
        "`total_steps` is {found!r}. Give the number of steps, or the variable `${{training.max_steps}}` with a "
        "`max_steps` above 0."
    )
    # Command line
    L340 = "There is no pipeline {pipeline!r}, as a package or as a folder. Install it, or check the name."
    L341 = "Can't load the pipeline {pipeline}: {reason}. It is damaged, or was made for other versions."
    # Corpora
    L401 = "{path}, line {line}: {problem}"
    L402 = "{path} has documents with the same id: {ids}."
    L415 = (
        "The id {id!r} is that of a document before it as well, and {format} makes it the name of a file. Rename one, "
        "or choose another format."
    )
    L403 = "Can't tell the format of {path}. Known endings: {choices}."
    L404 = (
        "{percent:.2f} % of the mentions in {path} do not fall on the tokenizer's boundaries "
        "(more than {limit} %): {examples}. Extend the tokenizer's infixes, or raise the limit knowingly "
        "(`max_misaligned` of a reader, or of the corpus in a project's corpora.json)."
    )
    L405 = (
        "{path} is not the {split} split of {corpus} on record: it has {counts}, digest {found}, "
        "expected {expected}. Fetch it again, or give a changed corpus a name of its own."
    )
    L406 = (
        "Found {found} for the {split} split of {corpus} in {place}. There must be one file {split} "
        "with one of the endings {choices}. Where files of your own lie is said with `data`."
    )
    L407 = "spaCy's scorer says {key} = {spacy}, seqeval says {seqeval}: one of them is wrong. Please report it."
    L408 = "{path} holds no documents, or not as a {format} file holds them. Fetch it again, or leave it out."
    L409 = "{path}, document {number}: {problem}"
    L410 = (
        "`data` is {path}, where this project writes what it converts: your files would be replaced. Move them to a "
        "folder of their own."
    )
    L411 = "{path} has no mention with a concept id, so that nothing can be linked or scored. Give it other texts."
    L412 = (
        "Can't download {address}: {reason}. Try again later, or set `data` to a folder on this machine that holds "
        "CORPUS/train.…, dev.… and test.…."
    )
    L413 = (
        "The document {id!r} in {path} has a mention without a label: {mention!r}. Name it with `labels`, as "
        '{{"": "Chemical"}}, or in the file.'
    )
    L414 = (
        "{pipeline} finds {found}, and {path} has ids for {annotated}: nothing would be linked. Rename the labels of "
        "the corpus, or take a recognizer that finds them."
    )
    L416 = (
        "No document of {texts} is left: {excluded} were to be left out by their ids, {duplicates} stand elsewhere "
        "already, {without_text} have no text. Give others, or leave fewer out."
    )
    L417 = (
        "The {split} split of {corpus} has no mention{of}: nothing could be {lost} with it. Give it other texts, or "
        "rename its labels."
    )
    L418 = "The text {id!r} in {path} has {n:,} characters, and spaCy reads at most {limit:,}. Cut it into several."
    # Mentions
    L420 = "{name} was given {found!r} as a label. A label is a string that is not empty."
    L421 = "{name} has no labels: no gold Doc has a mention, and none was given. Add labels with `add_label`."
    L422 = "`threshold` is {found}. It must be from 0 to 1, or null for the thresholds of `spacy litbert calibrate`."
    L423 = "The saved settings of {name} can't be: {problem}. Save, copy or fetch the pipeline again."
    L424 = "The setting of the corpus {name!r} can't be: {problem}."
    L425 = (
        "Documents are to be left out by their ids, but {path} has a document without one: {text!r}. Write the "
        "file with `spacy_litbert.corpora.docbin.to_docbin`, or set `doc._.document_id` and store_user_data."
    )
    L426 = (
        "Nothing of the corpus {name!r} ({path}) is left to learn {labels} from: {found}. Check `labels` and `names`."
    )
    L427 = "`max_words` is {value!r}. Texts can be cut after 2 tokens or more."
    L428 = (
        "The text {text!r}… of {n} tokens has categories, which its parts of {max_words} might not have. Leave the "
        "augmenter out, or cut the texts before they get categories."
    )
    L429 = "No component of the pipeline that is to find silver mentions has labels of them. It has: {components}."
    L430 = "Thresholds can't be chosen for {found}. Give one of precision and recall, above 0 and at most 1."
    L431 = "No threshold gives {label} a {name} of {value} on these texts; the best has {best}. Ask for less."
    L432 = "{name} can't be calibrated: the texts have no mention of {labels} that is known. Give others."
    L433 = "{pipeline} has no enabled `litbert_ner` to calibrate. Its components are: {components}."
    L434 = (
        "Silver mentions can't be added to {text!r}…, which does not say what was annotated in it. Call "
        "`spacy_litbert.ner.annotation.set_annotated` with the labels that were."
    )
    L435 = "The labels that were annotated are {labels!r}, a single string. Give a list: [{labels!r}]."
    L436 = (
        "{name} is not initialized. Call `nlp.initialize`, or, where other components are trained already, "
        "`nlp.get_pipe({name!r}).initialize(lambda: examples, nlp=nlp)`."
    )
    # Pretraining
    L501 = "The setting `{name}` in {path} {problem}."
    L502 = "{path} is no tokenised text: {problem}. Make it with `python -m spacy_litbert.pretraining.prepare`."
    L503 = "{path} has {n} documents with text, and {needed} are needed. Add text{hint}."
    L504 = (
        "{path} holds a run already (step {step}). Continue it with `--resume`, move it away, or choose another folder "
        "(`training.output` of a pretraining)."
    )
    L505 = (
        "Can't resume: `{name}` is {found!r} here, but the run in {path} was begun with {expected!r}. Give what it was "
        "begun with, or choose another folder (`training.output` of a pretraining)."
    )
    L506 = (
        "`training.batch_tokens` is {batch}: it must be a multiple of the length of a row ({length}) times the "
        "number of processes ({processes})."
    )
    L507 = "The weights in {path} do not fit this run: {problem}."
    L508 = "The vocabulary {path} has {size} entries; tokens are stored as 16-bit integers: at most {limit}."
    L509 = (
        "At step {step} {what} is no longer a finite number. Begin anew in another folder with a lower learning rate; "
        "checkpoints from before are kept."
    )
    L510 = "Settings are overridden as `--section.name value`, found: {found}."
    L512 = "{path} is no config: {reason}."
    L513 = "The checkpoint {path} does not fit this run: {problem}. Begin anew in another `training.output`."
    L514 = "{path}, line {line}: {found!r} is no line of a curve. Delete the line, or the file to begin a new one."
    L515 = (
        "The weights in {path} know {found} kinds of segments, and next-sentence prediction needs 2. "
        'Set `objective = "mlm"`.'
    )
    L516 = (
        "{path} is no record of a pretraining: it lacks {missing}, or has something else there. Delete the file, or "
        "make the weights again."
    )
    L517 = (
        "The run in {path} is finished: at step {step} its learning rate fell to zero. To go on, begin a new run in "
        'another `training.output`, with `[model] start = "{export}"`.'
    )
    L518 = (
        "Another process is at work on the run in {path}. Wait for it, stop it, or choose another `training.output`; "
        "several processes work on one run if `torchrun` starts them."
    )
    L519 = (
        "{n} of the {total} texts of data.heldout stand in data.train as well, so that their figures would be those of "
        "text that was learned. Prepare data.train again with `--apart-from {heldout}`."
    )
    # Linking
    L520 = "{path}, line {line}: {problem}"
    L521 = "{path}, line {line}: the id {id!r} stands in {first} already. Give each concept one record."
    L522 = (
        "{path}, line {line}: {id!r} was merged into {into!r}, and that leads back to it: {cycle}. "
        "Take one of these lines out."
    )
    L523 = (
        "{path}, line {line}: {id!r} was merged into {into!r}, which no source holds. "
        "Add its source, or take the line out."
    )
    L524 = "Can't tell what {path} holds. Known are: {choices}. Say it with --format."
    L525 = (
        "There is no knowledge base in {path}: it has no metadata.json. "
        "Make one with `python -m spacy litbert kb build`."
    )
    L526 = "The knowledge base {path} is damaged: {problem}. Build it anew, or copy it again."
    L527 = "No concepts are left for the knowledge base {path}. Check the sources, types, trees and the date."
    L528 = "Types that no concept of the knowledge base {path} has: {types}. It has: {choices}."
    L529 = (
        "The knowledge base {path} is another one (checksum {found}…) than the linker was made with ({expected}…). "
        "Put the same one there, or set it with `linker.set_kb`."
    )
    L530 = "The linker `{name}` has no knowledge base. Set `kb` to a folder that `spacy litbert kb build` made."
    L531 = "Nothing to train the linker `{name}` on: {problem}."
    L532 = "The linker in {path} is damaged: {problem}. Save the pipeline again, or copy it again."
    L533 = "`{name}` is {value!r}: {problem}."
    L534 = "{path}, line {line}: the {what} {name!r} can't be removed from {id!r}: {problem}."
    L535 = (
        "{source} can't be the vectors of the {n} concepts of {path}: {problem}. Give a row of numbers for each "
        "concept, (concepts, width), in the order of `kb.concepts()`."
    )
    L536 = (
        "The knowledge base {path} has no vectors of its concepts, which the context of a mention would be compared "
        "with. Set `incl_context = false`, or give `vectors`."
    )
    L537 = (
        "The knowledge base {path} has no concept {id!r}, and none that it was merged into. "
        "Look for it with `spacy litbert kb search`."
    )
    L540 = "No two concepts with synonyms in the knowledge base {path}: a name encoder learns from those."
    L541 = (
        "The knowledge base {path} has {found}, and the linker `{name}` has a name encoder with the fingerprint "
        "{expected}. Make vectors with `python -m spacy litbert kb vectors`, or set the encoder that made these."
    )
    L542 = (
        "The linker `{name}` was trained {before} a name encoder, and now it is {now} one. "
        "Train it again, or load it as it was saved."
    )
    L543 = (
        "No text of {inputs} defines the same abbreviation of a concept of the knowledge base {path} {least} times. "
        "Give more texts, or lower --least."
    )
    L544 = (
        "The linker `{name}` was trained by a version of this package that saw {found} features of a candidate; "
        "this one sees {expected}. Train it again."
    )
    L545 = "The id {id!r} stands for two concepts, {first!r} and {second!r}. Give each an id of its own."
    L546 = "The linker `{name}` is not initialized. Call `nlp.initialize`, or `linker.train`, before `update`."
    # Text classification
    L602 = (
        "{path}, line {line}: the text {id!r} and the first one name different labels: {labels}. "
        "Name every label in each line, with 1 or 0."
    )
    L603 = "{path} has the labels: {labels}. There must be texts, with two labels at least."
    L604 = (
        "The corpus {corpus!r} has no public address that its texts could be made from (those that have: "
        "{choices}). Get the files and set `data` to the folder or address that holds {corpus}/train.jsonl, dev.… "
        "and test.…."
    )
    L605 = "{path} names other labels than the {split} split: {labels}. All splits need the same labels."
    L606 = (
        "No text of the {split} split has the label {label!r}, so it can't be learned. "
        "Remove the label from all splits, or add texts."
    )
    L607 = "`pooling` is {value!r}. Choose one of: {choices}."
    L608 = "spaCy's scorer says {key} = {spacy}, ours says {ours}: one of them is wrong. Please report it."
    L609 = "{path} does not hold what was expected: {problem}. Download it again, or set `data`."
    L610 = "The pipeline {path} has no text classifier. Its components: {names}."
    L611 = "{path} has the labels {found}, but the pipeline knows {expected}."
    L612 = (
        "No text of {path} has a label, so that neither a checkpoint nor a threshold could be chosen by it. Add some."
    )
    # Projects
    L618 = "The package can't have the name {name!r}: give letters, digits and `_`, such as `--vars.name my_pipeline`."
    L619 = "There is no system {name!r} to compare. There are: {choices}."
    L620 = "Training {output} ended with exit code {code}. The whole log is {log}; it ends with:\n{end}"
    L621 = (
        "{path} was not put there by an earlier fetch, and is not replaced or removed. Move it away, or give the "
        "corpus another name."
    )
    L622 = "`{command}` ended with exit code {code}. What it printed says why."
    L623 = "There is no wheel in {path}, or there are several: {found}. Make it with `python -m spacy package`."
    # Formats and annotation
    L624 = "{format} can't hold {what} of the document {id!r}: {value}. {way_out}"
    L625 = "The package {package} is missing. Install it with `pip install 'spacy-litbert[{extra}]'`."
    L626 = (
        "{path} holds annotations that were begun otherwise: `{name}` is {expected} there and {found} here. Give the "
        "same inputs and settings to go on, or choose another OUT."
    )
    L627 = "Another process is writing to {path}. Wait for its end, or choose another OUT."
    L628 = (
        "A worker died {n} times over the shard {shard}, whose first document is {id!r} in {path}. Is there memory for "
        "it? What it printed may say more. All other shards that were begun are finished; the same command goes on."
    )
    L629 = (
        "{path} is not what the others see on {host}. All machines of a Ray cluster must reach the output by one path: "
        "choose a folder on storage that they share."
    )
    L630 = (
        "The worker on {host} has another `{name}` than the run was begun with: {found} instead of {expected}. Install "
        "the same package and the same pipeline on all machines of the cluster."
    )
    L631 = (
        "The Ray cluster has no machine with room for one worker, which needs 1 CPU and {gpus:g} GPU. Its machines: "
        "{found}."
    )
    L632 = "Ray does not answer at {address}, or nothing can be begun there: {reason}"
    L633 = "`{name}` is for the engine `ray`. Add `--engine ray`, or leave it out."
    L634 = (
        "The document {id!r} has no spans `{key}` behind the pipeline; it has: {choices}. "
        "Name one of these with --spans, or leave it out for the entities."
    )
    L635 = (
        "A program that annotates with several processes is read by each of them, and would annotate there as well. "
        'Put what it does under `if __name__ == "__main__":`.'
    )
    L636 = "`gpu_id` is for the engine `local`. With `ray`, give `--gpus-per-worker`, or leave it out."
    # Serving
    L640 = "There is no {method} {path} here. There are: {choices}."
    L641 = "The body is {found!r}. Send it with the header `Content-Type: {expected}`."
    L642 = "The request has more {what} than the {limit} that are taken. Send less at once, or start with `{option}`."
    L643 = (
        'The body is no request: {problem} Send {{"text": "…"}} or {{"texts": ["…", …]}}, and, if you like, an "id" or '
        'as many "ids", which are strings.'
    )
    L644 = "{n} requests are waiting already. Try again in a moment."
    L645 = "There was no answer within {timeout} seconds. Send less at once, or start with a longer `--timeout`."
    L646 = "The pipeline can't annotate this text: {reason}"
    L647 = (
        "Can't listen on {host}, port {port}: {reason}. Choose another `--host` or `--port`; port 0 takes a free one."
    )
    L648 = "Nothing is annotated any more. Start the service again."
    # Training
    L650 = (
        "What is trained can't be saved, so that nobody could go on with this training: {what}. Run it with "
        "`spacy train`."
    )
    L651 = "Can't go on with {path}: {problem}. Delete it to begin anew."
    L652 = (
        "The texts or annotations to train on are not those that the training in {path} had read at its step {steps}. "
        "Give what it was begun with, or delete the file to begin anew."
    )
    L653 = (
        "`{name}` is {found!r} here, but the training in {path} was begun with {expected!r}. Give what it was begun "
        "with, or delete the file to begin anew."
    )
    L654 = "{path} is of a training that was stopped at step {step}. Go on with `--resume`, or delete it to begin anew."
    L655 = "Another process is training in {path}. Wait for its end, stop it, or choose another `--output`."


class Warnings(metaclass=_Coded):
    W001 = (
        "The GPU has no room for {n} wordpieces at once and goes on with {half}. Lower `batch_wordpieces` "
        "to be spared the attempt."
    )
    W002 = (
        "This processor has no bfloat16 and imitates it, which takes many times as long. Set `precision` to 'float32'."
    )
    W003 = (
        "{name} does not know the label of mentions labelled {unknown}, and learns that there is no {labels} at these "
        "places. Give them its labels, add theirs with `nlp.get_pipe({name!r}).add_label`, or say with "
        "`spacy_litbert.ner.annotation.set_annotated` what was annotated."
    )
    W004 = "The knowledge base is made of {path} without {what}."
    W005 = (
        "{n} of {of} mentions have ids that the knowledge base {path} lacks, as {ids}. They teach, and score, that no "
        "concept fits. Is it the vocabulary of these texts, and are its ids written alike?"
    )
