"""The case page: everything for one decision."""

from flask import Blueprint

case = Blueprint("case", __name__)
