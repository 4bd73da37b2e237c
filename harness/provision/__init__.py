"""Test accounts: made, checked, given new passwords and removed, by the numbers that a quota allows.

Reading order: `passwords` (what a pool accepts), `pool` (a pool as its administrator sees it), `accounts_file` (the
users file that is always whole), `pace` (many calls, so many a second), `jobs` (what is done with accounts).
"""
