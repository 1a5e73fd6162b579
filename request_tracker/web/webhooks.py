"""What Fivetran posts to us."""

from flask import Blueprint

webhooks = Blueprint("webhooks", __name__)
