"""What the Fivetran API would answer: a stand-in over HTTP."""
