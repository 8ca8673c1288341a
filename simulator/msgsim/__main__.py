"""``python -m msgsim`` runs the command ``msgsim``."""

from msgsim.cli import main

if __name__ == "__main__":
    main()
