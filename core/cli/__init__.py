"""The command line, one file per group of commands; a contract that scripts rely on."""
