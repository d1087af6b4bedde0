"""`gradmill`, and `python -m gradmill`: the command line."""

import sys


def main() -> int:
    try:
        from gradmill.cli.app import run
    except ModuleNotFoundError as error:
        if error.name not in ("rich", "typer"):
            raise
        sys.stderr.write(f"gradmill: the command line needs {error.name}: pip install 'gradmill[cli]'\n")
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())
