"""``python -m msgsim`` is ``msgsim``."""

from msgsim.cli import main

if __name__ == "__main__":
    main()
