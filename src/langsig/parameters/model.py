"""The parameters of a run: a model of ``params.yaml`` with the allowed values of each key."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from langsig.languages import language_code_if_any
from langsig.morphology import CATEGORIES, category_slug
from langsig.parameters.rules import broken_rules
from langsig.terms import (
    LEAST_SIZES,
    NORMALISATIONS,
    ONLY_SENTENCES,
    SOURCES,
    TRAINING_PRECISIONS,
    WORD_REFERENCES,
)

ALL, AUTO = "all", "auto"
SLUGS = tuple(map(category_slug, CATEGORIES))
ARCHITECTURES = ("roberta", "xlm-roberta", "roberta-prelayernorm")
_CODE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
YAML_1_1_BOOLEANS = {"y", "n", "yes", "no", "on", "off", "true", "false"}
_LANGUAGE = (
    "must be an ISO 639 code of two or three lower-case letters, with subtags where needed, "
    "such as zh, qaa or zh-Hant"
)
_DATA_PATH = "must be a relative path below data/, such as data/corpora/qaa.txt"
_FOLDER = "must be a relative path of a folder, without '..', such as conf/facts"
_FILE = "must be a relative path of a file, without '..', such as conf/covariates/ud33.csv"
_SELECTION = (
    f"must be '{ALL}', the name of a family or genus, or a list of different languages that is "
    "not empty"
)


def _language(key: object) -> str:
    text = str(key)
    usual = language_code_if_any(text)
    if re.fullmatch(_CODE, text) and text == usual and text not in YAML_1_1_BOOLEANS:
        return text
    remedy = ""
    if text.lower() in YAML_1_1_BOOLEANS:
        remedy = "; YAML 1.1 tools read this one as true or false"
        if text.lower() == "no":
            remedy += ": write nb or nn for Norwegian"
    elif usual == "no":
        remedy = "; write nb or nn for Norwegian"
    elif text == "experimental":
        remedy = "; 'experimental' is the name of the experimental model"
    elif usual != text:
        remedy = f"; write {usual}"
    raise PydanticCustomError("language", _LANGUAGE + remedy)


def _relative(path: object, *, below: str, message: str) -> str:
    if not isinstance(path, str):
        raise PydanticCustomError("path", message)
    parts = path.removesuffix("/").split("/")
    plain = path.isprintable() and not re.search(r"[\\]|\$\{|^~|^[A-Za-z][A-Za-z0-9+.-]*:", path)
    inside = path.startswith(below) and path != below
    if not plain or not inside or not {"", ".", ".."}.isdisjoint(parts):
        raise PydanticCustomError("path", message)
    return path


def _data_path(path: object) -> str:
    return _relative(path, below="data/", message=_DATA_PATH)


def _folder(path: object) -> str:
    return _relative(path, below="", message=_FOLDER)


def _file(path: object) -> str:
    return _relative(path, below="", message=_FILE)


def _distinct(items: list[Any]) -> list[Any]:
    repeated = [item for index, item in enumerate(items) if item in items[:index]]
    if repeated:
        message = f"must not name {repeated[0]} twice"
        raise PydanticCustomError("distinct", message)
    return items


def _selection(value: object) -> str | list[str]:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        if len(set(value)) == len(value):
            return value
    raise PydanticCustomError("selection", _SELECTION)


def _rank(value: object) -> int | str:
    if value == AUTO or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise PydanticCustomError("rank", f"must be a positive integer, or {AUTO}")


def _of_words(reference: object) -> object:
    if reference == "parallel":
        message = f"must be one of {', '.join(WORD_REFERENCES)}; {ONLY_SENTENCES}"
        raise PydanticCustomError("reference", message)
    return reference


@dataclass(frozen=True)
class _OneOf:
    """Annotation: the value must be one of `values`."""

    values: tuple[str, ...]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.literal_schema(list(self.values))


LanguageCode = Annotated[
    str, BeforeValidator(_language), WithJsonSchema({"type": "string", "pattern": f"^{_CODE}$"})
]
DataPath = Annotated[
    str,
    PlainValidator(_data_path),
    WithJsonSchema({"type": "string", "pattern": "^data/(?!.*(^|/)\\.{0,2}(/|$))."}),
]
Rank = Annotated[
    int | str,
    PlainValidator(_rank),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": AUTO}]}),
]
Folder = Annotated[
    str, PlainValidator(_folder), WithJsonSchema({"type": "string", "pattern": "^[^/~]"})
]
File = Annotated[
    str, PlainValidator(_file), WithJsonSchema({"type": "string", "pattern": "^[^/~]"})
]
Selection = Annotated[
    str | list[str],
    PlainValidator(_selection),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
            ]
        }
    ),
]
_unique = AfterValidator(_distinct)
Text = Annotated[str, Field(pattern=r"\S")]
Count = Annotated[int, Field(ge=1)]
Layer = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Layers = Annotated[list[Layer], Field(min_length=1), _unique]
Languages = Annotated[list[str], _unique]
Reference = Annotated[str, _OneOf(WORD_REFERENCES), BeforeValidator(_of_words)]
Category = Annotated[str, _OneOf(CATEGORIES)]
Slug = Annotated[str, _OneOf(SLUGS)]


class Section(BaseModel):
    """A mapping with fixed keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Language(Section):
    """One language: its text, its treebank, and how they are used."""

    corpora: Annotated[
        list[DataPath],
        Field(
            min_length=1,
            description="Files or folders with the text to train on. All languages need the same "
            "number of them, as the stages in dvc.yaml are one list for all.",
        ),
    ]
    treebank: DataPath = Field(
        description="CoNLL-U file to analyse, or a folder of them (Universal Dependencies)."
    )
    romanise: bool = Field(
        description="Whether text and words are written in Latin letters (paper, section 5.1)."
    )
    fraction: Share = Field(description="Share of the sequences that train the control model.")


class Clean(Section):
    """Which sentences of the corpora are kept."""

    min_words: Count = Field(
        description="Shorter sentences are left out. Where a script has no spaces, each character "
        "counts as a word."
    )
    validation: float = Field(gt=0, lt=1, description="Share of sentences held out.")
    vocabulary_sample: Count = Field(
        description="Sentences per language kept for training the tokenizer."
    )


class Tokenizer(Section):
    """The vocabulary that all models share."""

    existing: Text | None = Field(
        description="Folder or name of a Hugging Face tokenizer; null: train one."
    )
    vocabulary: int = Field(
        ge=8, description="Number of pieces of a trained tokenizer, special ones included."
    )
    sentences: Count = Field(description="Sentences per language to train it on.")
    character_coverage: float = Field(
        ge=0.98, le=1, description="Share of the characters of the text that get a piece."
    )


class Pack(Section):
    """How sentences become token sequences."""

    max_length: int = Field(ge=3, description="Sub-words per sequence, special ones included.")
    join: bool = Field(
        description="Whether sentences are joined up to max_length, as in the paper."
    )
    sequences: Count = Field(
        description="Training sequences per language, drawn without replacement."
    )
    validation_sequences: Count = Field(description="Held-out sequences per language.")


class Experimental(Section):
    """What the experimental model is trained on."""

    languages: Selection = Field(
        description="Languages to train on: all, a family or genus, or a list."
    )
    alpha: float = Field(
        ge=0,
        description="Languages with n sequences are drawn in proportion to n^alpha. 1 draws each "
        "sequence equally often; the paper also tries 0.3 (section 5.2).",
    )
    fractions: dict[str, Share] = Field(
        description="By language: share of the sequences to train on (default: all)."
    )
    seed: int | None = Field(
        ge=0,
        lt=2**32,
        description="Seed of the weights, masks and order of text of this model alone; null: that "
        "of all random numbers.",
    )
    checkpoint: Text | None = Field(
        description="Folder or name of a Hugging Face model; null: train one."
    )


class Origin(Section):
    """Statements of the model cards about the training text."""

    data: Text = Field(description="The text that the models are trained on.")
    licence: Text = Field(
        description="Licence of the models, as an identifier of the Hugging Face Hub."
    )


class Shape(Section):
    """Architecture and size of a model."""

    architecture: Annotated[str, _OneOf(ARCHITECTURES)] = Field(
        description="Architecture of transformers."
    )
    layers: Count = Field(description="Transformer layers, without the embeddings.")
    dim: Count = Field(description="Width of the hidden states.")
    heads: Count = Field(description="Attention heads; must divide dim.")
    dropout: float = Field(ge=0, lt=1, description="Dropout of hidden states and attention.")
    initializer_range: float = Field(
        gt=0,
        description="Standard deviation of the initial weights. 0.02 suits a width of 768; narrow "
        "models start to learn sooner from 0.04.",
    )


class Recipe(Section):
    """How a model is trained."""

    steps: Count = Field(description="Maximum number of training steps.")
    batch_size: Count = Field(description="Sequences per step and process.")
    accumulation: Count = Field(description="Batches whose gradients are added up per step.")
    learning_rate: float = Field(gt=0, description="Highest learning rate, after the warm-up.")
    warmup: float = Field(ge=0, le=1, description="Share of the steps for the warm-up.")
    weight_decay: float = Field(ge=0, description="Weight decay of AdamW.")
    precision: Annotated[str, _OneOf(TRAINING_PRECISIONS)] = Field(
        description="Number format of the matrix products: float32, or bfloat16 (mixed precision), "
        "which is faster where the processor has it. Weights and losses on held-out text "
        "stay in float32. A configuration of accelerate with mixed precision comes first."
    )
    masking: float = Field(gt=0, lt=1, description="Share of the tokens to predict.")
    batches_by_length: Count = Field(
        description="Batches drawn together and sorted by length; 1: no sorting."
    )
    evaluations: Count = Field(
        description="Points of the learning curve. At each, a state to resume from is saved."
    )
    patience: Count | None = Field(
        description="Evaluations without improvement until training ends; null: never."
    )
    min_improvement: float = Field(
        ge=0, description="Smallest decrease of held-out cross-entropy that counts, in nat."
    )


class Model(Section):
    """One kind of model: its shape and its training."""

    model: Shape = Field(description="Architecture and size.")
    recipe: Recipe = Field(description="Training.")


class Pretraining(Section):
    """Training of the control models and of the experimental model."""

    launch: Text = Field(
        description="How training is started: python, or accelerate launch OPTIONS."
    )
    margin: float = Field(
        ge=0,
        description="Smallest gain over token frequencies in nat that counts as learnt.",
    )
    held_out_masking: float = Field(
        gt=0, lt=1, description="Share of the held-out tokens to predict."
    )
    origin: Origin = Field(description="Statements of the model cards about the training text.")
    control: Model = Field(description="Control models, one per language.")
    experimental: Model = Field(description="The experimental model, of all languages.")


class Extract(Section):
    """Hidden states of the words."""

    dtype: Literal["float16", "float32"] = Field(description="Number format of the files.")
    batch_tokens: Count = Field(
        description="Sub-words per batch, padding included. On a GPU, larger batches are faster."
    )


class Covariance(Section):
    """Covariances of the hidden states of both models."""

    min_instances: Count = Field(
        description="Smallest number of words of a slice (paper, appendix A)."
    )
    blocks: int = Field(ge=2, description="Blocks of consecutive sentences, for resampling.")
    block_layers: dict[Category, Layers] = Field(
        description="Layers whose sums over blocks are kept, by category. Intervals and "
        "recommended ranks need those of all words (Part of Speech)."
    )
    equal_words: Count = Field(
        description="Largest number of words per language in the source equal-words."
    )


class Factorize(Section):
    """PARAFAC2 of the covariances."""

    rank: Rank = Field(
        description="Number of components; auto: what the stage ranks recommends. A number is at "
        "most the width of the narrowest model. auto is one rank for all layers and categories."
    )
    method: Literal["als", "tensorly"] = Field(
        description="Solver; tensorly is slower and needs ridge 0."
    )
    ridge: float = Field(
        ge=0,
        le=100,
        description="Keeps components from cancelling each other; 0: the plain model. It "
        "is the weight of the squared norms of all components in the loss, relative to the "
        "squared error.",
    )
    max_iterations: Count = Field(description="Maximum number of iterations.")
    tolerance: float = Field(
        gt=0, description="Relative change of the loss at which iterations stop."
    )
    normalise: Annotated[str, _OneOf(NORMALISATIONS)] = Field(
        description="none, or variance: hidden states scaled to a mean variance of 1."
    )
    starts: Count = Field(
        description="Starts of the fit to all words. The fit of the lowest loss gives the "
        "signatures; the next best shows whether the result depends on the start."
    )
    other_starts: Count = Field(description="Starts of the fits to other categories.")


class Uncertainty(Section):
    """Intervals of the average signatures of all words, and a null distribution."""

    sources: Annotated[list[Annotated[str, _OneOf(SOURCES)]], Field(min_length=1), _unique] = Field(
        description="Covariances to compute intervals for."
    )
    starts: Count = Field(
        description="Starts per source and normalisation. The fit of the lowest loss counts."
    )
    replicates: int = Field(ge=2, description="Number of draws of blocks, and of their signs.")
    iterations: Count = Field(description="Iterations of the fit to each draw.")


class Learned(Section):
    """Learned signatures: what both models share that neither had before training. All words."""

    blocks: int = Field(ge=4, description="Blocks of consecutive sentences, for intervals.")
    words_per_column: Count = Field(
        description="Words per column of the untrained states. With fewer, nothing is subtracted "
        "but means, and the tables say so."
    )
    width: Count = Field(
        description="Principal components of each model's residuals at most, for disk space."
    )
    shrinkage: float = Field(
        ge=0, description="Share of the mean variance that is added before whitening."
    )
    rank: Count = Field(
        description="Number of components; the width of the narrowest model if that is less."
    )
    ridge: float = Field(
        ge=0, le=100, description="Weight of the squared norms of all components in the loss."
    )
    starts: Count = Field(
        description="Starts of the fit to each half. The fit of the lowest loss counts."
    )
    iterations: Count = Field(description="Iterations of the fits without a block.")
    rotations: Count = Field(description="Random rotations of the test.")


class Evaluate(Section):
    """Outcomes: what the experimental model does in each language, measured on itself."""

    training: int = Field(
        ge=LEAST_SIZES["training"], description="Words per language that a probe learns from."
    )
    test: int = Field(
        ge=LEAST_SIZES["test"], description="Words per language that probes are tested on."
    )
    measures: int = Field(
        ge=LEAST_SIZES["measures"], description="Words per language that the fit is computed from."
    )
    draws: Count = Field(description="Random choices of the words to learn from.")
    parallel: DataPath | None = Field(
        description="Folder with one file of parallel sentences per language; null: no retrieval."
    )
    sentences: int = Field(
        ge=LEAST_SIZES["sentences"], description="Parallel sentences to use, from the first."
    )
    rank: Annotated[int, Field(ge=1, le=14)] = Field(
        description="Number of components of the fit, at most the 14 parts of speech."
    )


class Analysis(Section):
    """Analyses of the signatures."""

    languages: Selection = Field(
        description="Languages to factorise jointly: all, a family or genus, or a list."
    )
    facts: Folder = Field(
        description="Folder with languages.csv, and optionally tree.nwk, scores.csv."
    )
    covariates: File | None = Field(
        description="Table of what else differs between languages, such as the genres of their "
        "texts, to be partialled out and matched; null: none."
    )
    logographic: Languages = Field(description="Languages with a logographic script.")
    diverse: Annotated[Languages, Field(min_length=1)] = Field(
        description="Languages of different genera (paper, section 5.2)."
    )
    related: dict[Text, Annotated[Languages, Field(min_length=1)]] = Field(
        description="Sets of related languages, by name."
    )
    alone: Annotated[list[Slug], Field(min_length=1), _unique] = Field(
        description="Categories for which these sets are also fitted separately."
    )
    layers: Layers = Field(
        description="Layers of these fits, and of figures of distances and trees."
    )
    min_languages: int = Field(
        ge=2, description="Statistics of fewer languages are shown in grey and not counted."
    )
    permutations: Count = Field(description="Permutations per test.")


class Ranks(Section):
    """Comparison of numbers of components, for all words."""

    candidates: Annotated[list[Count], Field(min_length=1), _unique] = Field(
        description="Ranks to compare, with factorize.rank if that is a number. Those above the "
        "width of a model are left out."
    )
    layers: Layers = Field(
        description="Layers to compare, of covariance.block_layers of all words."
    )
    starts: int = Field(ge=2, description="Starts per rank: the SVD and random ones.")
    folds: int = Field(
        ge=2, description="Parts of the blocks, each held out once; up to covariance.blocks."
    )


class Parameters(Section):
    """All parameters of a run. Attributes are named as the keys of ``params.yaml``.

    Raises
    ------
    pydantic.ValidationError
        If a value is not allowed, or values contradict each other. To read a file, use
        :func:`langsig.parameters.load_parameters`, whose error names lines.
    """

    seed: int = Field(ge=0, lt=2**32, description="Seed of all random numbers.")
    languages: Annotated[dict[LanguageCode, Language], Field(min_length=2)] = Field(
        description="Languages, by ISO 639 code."
    )
    clean: Clean = Field(description="Which sentences of the corpora are kept.")
    tokenizer: Tokenizer = Field(description="The vocabulary that all models share.")
    pack: Pack = Field(description="How sentences become token sequences.")
    experimental: Experimental = Field(description="What the experimental model is trained on.")
    pretraining: Pretraining = Field(description="Training of all models.")
    reference: Reference = Field(
        description="What the experimental model is compared with. model: a control model per "
        "language. upos: parts of speech. features: the same, and the values of all categories. "
        "context: static vectors of sub-words and their neighbours, from the training text. "
        "untrained: the experimental model with random weights. Only for model are control models "
        "trained. After a change, run langsig use, which chooses the stages."
    )
    extract: Extract = Field(description="Hidden states of the words.")
    covariance: Covariance = Field(description="Covariances of the hidden states of both models.")
    factorize: Factorize = Field(description="PARAFAC2 of the covariances.")
    uncertainty: Uncertainty = Field(
        description="Intervals of the average signatures of all words."
    )
    learned: Learned = Field(
        description="Learned signatures: what both models share that neither had before training."
    )
    evaluate: Evaluate = Field(
        description="Outcomes: what the experimental model does in each language."
    )
    analysis: Analysis = Field(description="Analyses of the signatures.")
    ranks: Ranks = Field(description="Comparison of numbers of components, for all words.")
    categories: Annotated[list[Slug], Field(min_length=1), _unique] = Field(
        description="Categories to analyse. part-of-speech, which stands for all words, must be "
        "one of them."
    )

    def seed_of(self, model: str) -> int:
        """Seed of the weights, masks and order of text of a model.

        Parameters
        ----------
        model
            A language, whose control model is meant, or ``experimental``.
        """
        own = self.experimental.seed if model == "experimental" else None
        return self.seed if own is None else own

    @model_validator(mode="after")
    def _consistent(self) -> "Parameters":
        broken = broken_rules(self.model_dump())
        if broken:
            text = "; ".join(f"{'.'.join(map(str, rule.path))}: {rule.message}" for rule in broken)
            raise PydanticCustomError("inconsistent", text)
        return self
