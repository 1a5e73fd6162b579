"""Every format in one shape: operations, parameters, answers, schemas."""
