"""The weekly report as a page and as files."""

from flask import Blueprint

reports = Blueprint("reports", __name__)
