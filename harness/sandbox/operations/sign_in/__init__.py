"""Sign-in: InitiateAuth, RespondToAuthChallenge and the steps between them."""
