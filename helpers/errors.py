"""The one exception of this package."""


class DigitsError(Exception):
    """Something a user can mend. The message is one line that says what was found, what is wanted and the next step.

    The command line prints it without a traceback.
    """
