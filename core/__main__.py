"""`python -m core …`."""

from core.cli.app import main

main()
