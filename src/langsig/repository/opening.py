"""A DVC repository as Python object, with errors that a user understands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.repo import Repo
from dvc.scm import SCMError
from dvc.stage import PipelineStage, Stage
from dvc.utils.serialize import ParseError
from dvc.utils.strictyaml import YAMLValidationError

from langsig.errors import InputError
from langsig.repository.broken import broken_yaml, remedy
from langsig.repository.processes import IN_A_CLONE


@contextmanager
def open_repository(folder: str | Path = ".") -> Iterator[Repo]:
    """Open the repository that a folder is in.

    Raises
    ------
    InputError
        If there is none, or if DVC fails within the block.
    """
    try:
        with Repo(Repo.find_root(str(folder))) as repo:
            yield repo
    except ParseError as error:
        path = Path(error.path)
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        raise broken_yaml(path, text, error) from error
    except YAMLValidationError as error:
        raise InputError(f"{error}; {remedy(error.path)}") from error
    except (NotDvcRepoError, SCMError) as error:
        raise InputError(f"{error}; {IN_A_CLONE}") from error
    except DvcException as error:
        raise InputError(str(error)) from error


def stage_name(stage: Stage) -> str:
    """Return the name by which ``dvc repro`` knows a stage, in the root of the repository.

    ``pretrain@qaa`` for a stage of ``dvc.yaml``, ``data.dvc`` for an import.
    """
    if isinstance(stage, PipelineStage):
        return str(stage.name)
    repo = stage.repo
    return str(repo.fs.relpath(stage.path, repo.root_dir))
