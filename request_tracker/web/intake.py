"""The request form, with suggestions while typing and a draft kept on the server."""

from flask import Blueprint

intake = Blueprint("intake", __name__)
