"""The same work on this project and on its peers, in one run: `make bench`, or `python -m bench`.

In reading order: `contest` says what is compared, `peer` what a peer is, `peers/` who they are, `plans/` what they are
told to do, `servers/` who answers, `works/` which work it is and what is asked of us, `table` how it is written down.
"""
