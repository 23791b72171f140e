"""The benchmark's page, its tables and its plots."""
