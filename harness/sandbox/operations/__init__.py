"""What Cognito does, one method per operation.

An operation is handed validated parameters and returns the answer's JSON, or raises a `Refusal`.
"""
