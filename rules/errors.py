"""The one tree of errors that Warmline can explain to a person.

An error is a code and parameters; the words stand in ``templates/text/errors.j2`` under the code's name.
Errors are caught at the edges only (command line, Slack, HTTP), where they become an answer with a next step.
"""

from typing import ClassVar


class WarmlineError(Exception):
    """Something went wrong that Warmline can explain.

    ``code`` names the macro in ``templates/text/errors.j2`` that says it; ``params`` are that macro's arguments.
    """

    code: ClassVar[str] = "error"

    def __init__(self, **params: object) -> None:
        super().__init__(self.code, params)
        self.params = params

    def __str__(self) -> str:
        """Give the code and its parameters, for logs and tracebacks; people read the template's words."""
        return f"{self.code} {self.params}" if self.params else self.code
