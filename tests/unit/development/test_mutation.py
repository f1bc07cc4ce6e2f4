"""What a continued run of the mutations keeps of the run before."""

from pathlib import Path

from development.proof.mutation import remove_outdated_copies


def test_a_continued_run_uses_only_files_of_the_project_as_it_is(tmp_path: Path) -> None:
    project, mutants = tmp_path, tmp_path / "mutants"
    kept = {"src/login.py", "src/login.py.meta", "src/login.py.spans", "tests/test_login.py"}
    removed_code = {"src/gone.py", "src/gone.py.meta", "src/gone.py.spans", "tests/test_gone.py"}
    data = {"src/mail.txt", "tests/users.csv"}
    for name in ("src/login.py", "tests/test_login.py", *data):
        _write(project / name)
    for name in kept | removed_code | data:
        _write(mutants / name)
    remove_outdated_copies(project, mutants)
    assert {str(path.relative_to(mutants)) for path in mutants.rglob("*") if path.is_file()} == kept


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
