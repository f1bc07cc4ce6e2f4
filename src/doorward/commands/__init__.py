"""The `doorward` command."""
