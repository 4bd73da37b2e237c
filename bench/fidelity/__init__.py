"""Which of Cognito's behaviours a local Cognito has: the same probes for the sandbox, moto and ministack.

`probe` says what a probe is, `place` where it is made; `wire`, `refusals`, `conversations`, `tokens` and
`accounts` hold them, and `table` tells what came out.
"""
