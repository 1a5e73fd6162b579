"""The start page: where each kind of person begins."""

from flask import Blueprint

home = Blueprint("home", __name__)
