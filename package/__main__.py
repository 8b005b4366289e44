"""`python -m distributional_view` is the command `dview`."""

from distributional_view.command import main

if __name__ == "__main__":
    main(prog_name="python -m distributional_view")
