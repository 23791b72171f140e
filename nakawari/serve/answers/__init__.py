"""The answers of the server: a module for each kind of address."""
