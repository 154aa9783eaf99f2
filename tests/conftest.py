"""What every integration and interop test may use: see support/README.md."""
pytest_plugins = ["aloha_fixtures"]
