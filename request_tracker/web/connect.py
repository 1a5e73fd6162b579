"""The way to a Connect Card and back."""

from flask import Blueprint

connect = Blueprint("connect", __name__)
