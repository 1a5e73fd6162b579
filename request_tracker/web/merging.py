"""Merging seen by specialists: preview, merge, unmerge, dismiss."""

from flask import Blueprint

merging = Blueprint("merging", __name__)
