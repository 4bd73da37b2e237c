"""Every fault, in every way to run, with what has to come of it: no verdict that is not so, nothing lost."""
