"""`python -m figures`: the commands of `figures.command`."""

from distributional_view.figures.command import main

if __name__ == "__main__":
    main()
