"""How one speaks to the Fivetran REST API."""
