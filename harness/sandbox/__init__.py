"""A local Cognito and a protected API: something to rehearse on, and a second opinion on the harness.

It shares no code with the harness (only the error tree), so that a mistake of one shows in the other:

    __main__, options, launch  the command line, what it asks for, and a sandbox made of it
    server, certificates       one HTTP server on the loopback interface, its TLS, its lifetime
    application, counts        which request goes where; how many came and what they were answered
    service                    Cognito's front door: target, JSON, validation, signature, error texts
    api                        the protected API behind the tokens
    samples                    the accounts of a users file
    orders, fault_line         what can be ordered to go wrong, as values and on the command line
    faults, incidents          what goes wrong with answers for a while; what happens once to tokens, keys, the clock
    control                    the port on which faults are ordered and counts are told
    checks/                    what is refused: request validation, signatures, every error's type
    state/                     what is remembered: pools, clients, users, tokens, lockouts, quotas, sessions
    operations/                what Cognito does, one method per operation
"""
