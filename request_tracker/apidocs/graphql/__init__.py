"""GraphQL schemas: their lists as tables, each with the question that asks for it."""
