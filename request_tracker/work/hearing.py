"""A look at a connection that somebody asked for: a delivery, a person who came back, the reconcile tick."""

from request_tracker.actions import deliveries
from request_tracker.work import looking
from request_tracker.work.context import Context


def take_in(context: Context, connection_id: str, *, job_id: int) -> None:
    """Read the connection. What is told from here on asks for another look, as this one may come too early for it.

    Twice: the same answer changes nothing.
    """
    with context.database.transaction() as session:
        up_to = deliveries.begin(session, job_id, connection_id)
    answered = looking.take_in(context, connection_id)
    if up_to and answered:
        with context.database.transaction() as session:
            deliveries.taken(session, connection_id, up_to, context.now())
