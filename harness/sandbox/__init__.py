"""A local Cognito and a protected API: something to rehearse on, and a second opinion on the harness.

It shares no code with the harness (only the error tree), so that a mistake of one shows in the other:

    __main__, argument_types   the command line
    options, launch            what it asks for, and a sandbox made of it
    sample_accounts            the accounts of a users file
    request_counts             how many requests came, and what they were answered
    errors                     every error, with its type and status
    http/                      one HTTP server on the loopback interface, its TLS
    endpoints/                 which request goes where: Cognito's front door, the token endpoint, STS, the API, and
                               the control port on which faults are ordered and counts are told
    faults/                    what can be ordered to go wrong, as values and on the command line
    checks/                    what is refused: request validation, signatures
    operations/                what Cognito does, one method per operation
    state/                     what is remembered: pools, clients, users, tokens, lockouts, quotas, sessions
"""
