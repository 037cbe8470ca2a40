"""The tests; a package, as some distributions install one of the same name."""
