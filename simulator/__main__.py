"""``python -m simulator`` is ``msgsim``."""

from simulator.cli import main

if __name__ == "__main__":
    main()
