"""A soak: hundreds of users whose tokens live for minutes, while everything goes wrong in turn.

`rotation` says what goes wrong when, `watch` looks at the process and at the sandbox every few seconds, `checks` judges
what it saw, and `__main__` runs all of it and writes it down.
"""
