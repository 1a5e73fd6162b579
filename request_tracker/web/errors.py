"""Errors as pages: the same table of errors as the API's, told to people."""

from collections.abc import Callable

from flask import render_template
from flask import request as http
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from request_tracker.access.faults import row_of


def pick(
    fault: Exception,
    by_api: Callable[[Exception], ResponseReturnValue],
    by_page: Callable[[Exception], ResponseReturnValue],
) -> ResponseReturnValue:
    """The API answers problem+json, pages answer a page."""
    return by_api(fault) if http.path.startswith("/api/") else by_page(fault)


def told(fault: Exception) -> ResponseReturnValue:
    if isinstance(fault, HTTPException) and fault.response is not None:
        return fault.response
    status, title, more = row_of(fault)
    return render_template("errors/problem.html", status=status, title=title, more=more), status
