"""A requester's own requests: status, tasks, comments, withdrawal."""

from flask import Blueprint

requests = Blueprint("requests", __name__)
